// Everything here only makes quicker what the pages do without it.
"use strict";
