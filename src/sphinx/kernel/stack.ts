/** The stack that each kernel is built with; it starts at address 0, and the data comes after it. */
export const STACK_SIZE = 32 * 1024;
