/** For work that nothing but its own end ends: whoever would listen to a signal need not listen to this one. */
export const neverAborts: AbortSignal = new AbortController().signal;
