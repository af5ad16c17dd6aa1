/**
 * How the listener's Node is started, wherever it is. What is read over TLS has a buffer of its own for each read,
 * outside of the heap and useless some milliseconds later. In the new space of 16 MiB that Node grows to, they
 * outlive no minor collection, because none comes: the heap is small beside its buffers, so that a full collection is
 * due every 16 MiB received, on several threads, and costs more than receiving. Minor collections free them: in a
 * small new space they are short, and SocketBuffers asks for them in time.
 */
export const LISTENER_NODE_ARGUMENTS: readonly string[] = [
  '--enable-source-maps',
  // For SocketBuffers.
  '--expose-gc',
  // MiB.
  '--max-semi-space-size=1',
];
