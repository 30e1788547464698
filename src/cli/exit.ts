/** Exit status: input refused. */
export const EXIT_INPUT = 1;
/** Exit status: wrong usage of a command. */
export const EXIT_USAGE = 2;
/** Exit status: our own bug (EX_SOFTWARE of sysexits.h). */
export const EXIT_BUG = 70;
