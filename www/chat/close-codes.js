// The codes of Close frames that the chat's page knows: src/chat/PROTOCOL.md lists all.

/** The server stops. */
export const SERVER_STOPS = 1001;
/** The connection ended without a Close: no frame has this code, the browser reports it. */
export const BROKEN = 1006;
/** The operator has removed this member. The page does not reconnect by itself. */
export const KICKED = 1008;
/** The server does not take a message of this length. */
export const TOO_LONG = 1009;
/** This page was too slow for what was sent to it. */
export const TOO_SLOW = 1013;
/** Sent by this page, which may be back. A Close without a code would mean that it leaves for good. */
export const GIVEN_UP = 4000;
/** Another connection with the same token has taken over. The page does not reconnect by itself. */
export const TAKEN_OVER = 4001;
/** The passphrase is missing or wrong. */
export const LOCKED = 4003;
