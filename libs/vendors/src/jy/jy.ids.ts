/** What fits the record's column and can do no harm, in the form that a vendor gives its calls. */
export const VENDOR_CALL_ID = /^[A-Za-z0-9_.:@-]{1,64}$/;
