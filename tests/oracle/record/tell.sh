#!/bin/sh
# tell.sh FILE KIND TIMET CONTACT TYPE HOST STATE [SERVICE]: one notification, as the command of a contact sees it.
if [ "$2" = service ]; then
    printf '{"t":%s,"TIMET":%s,"kind":"service","CONTACTNAME":"%s","NOTIFICATIONTYPE":"%s","HOSTNAME":"%s","SERVICESTATE":"%s","SERVICEDESC":"%s"}\n' \
        "$3" "$3" "$4" "$5" "$6" "$7" "$8" >>"$1"
else
    printf '{"t":%s,"TIMET":%s,"kind":"host","CONTACTNAME":"%s","NOTIFICATIONTYPE":"%s","HOSTNAME":"%s","HOSTSTATE":"%s"}\n' \
        "$3" "$3" "$4" "$5" "$6" "$7" >>"$1"
fi
