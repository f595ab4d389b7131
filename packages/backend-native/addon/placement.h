// Where threads run. A thread that slept may be woken on the processor of the thread that woke it, and the two then share
// it for some milliseconds while another processor stands idle. Where every processor of the process has its thread,
// each thread is therefore given one of its own.
#pragma once

namespace sconce {

/**
 * Spreads the calling thread and the `threads` - 1 that help it in parallel regions over the process's processors; to be
 * called now and then, since it costs little once all are in place. Does nothing where there are not as many processors
 * as threads, or the system is not Linux.
 */
void spread_threads(int threads);

}  // namespace sconce
