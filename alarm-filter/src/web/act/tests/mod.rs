//! Acting, as people meet it: forms over a connection, with the engine's thread and a store behind them.
mod deeds;
mod desk;
mod forged;
mod pages;
mod trail;
