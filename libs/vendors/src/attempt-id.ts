/** Our attempt ids, as vendors give them back: nothing else can be one. */
export const ATTEMPT_ID = /^[A-Za-z0-9-]{1,64}$/;
