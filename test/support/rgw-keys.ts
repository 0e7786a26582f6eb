/** Of the one user of the RGW that the tests start. */
export const RGW_KEY = 'AKIDCIRRUSTEST';
export const RGW_SECRET = 'cirrus-test-secret';
