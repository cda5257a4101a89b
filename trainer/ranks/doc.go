// Package ranks is processes that train one run together, data parallel: each
// computes the gradients of its share of every batch, they are added up, and every
// process makes the same step.
//
// # Who is who
//
// A launcher (torchrun, mpirun, srun, or innate's own --procs) tells each process by
// its environment which one it is, its rank, and how many there are: see Place. Rank
// 0 leads. It alone writes the run directory, answers on the control socket, measures
// and shows images. The others follow: each waits for what the leader says and does
// the same, so that all hold the same weights at every step.
//
// # How they speak
//
// All processes see the run directory. The leader listens on a port and leaves its
// addresses and a secret in ranks.json there, the others find it (Meet), and from then
// on one connection ties each of them to the leader. Over it go what the leader says
// (Tell, Told), what it asks for (Answers, Answer), what a follower asks for, such as
// a stop (Ask, Asks), and the sums of values (Sum), unless a library of the cluster is
// there to add up (Use). A follower that waits costs nothing: it sleeps on a socket,
// where a broadcast of MPI would keep a core busy. Devices that can add up by themselves,
// GPUs by NCCL, agree on it here (Agree) and get from the leader what they need (Share).
//
// That this needs neither MPI nor its launcher has two more reasons. Every machine can
// run and test it. And a process that dies is known at once: the kernel closes its
// connection, while in MPI the others would wait in a sum for ever or be killed with it.
//
// # When one is lost
//
// As soon as a connection ends without a word, the group is lost for all: a wait in
// progress returns, everything afterwards returns the same error, and the connections
// to the others are closed. Nobody trains on alone: the step under way may be half
// done, so that what counts is the last checkpoint.
//
// # Order of a sum
//
// Sum adds rank by rank, from 0 on, in float32, and every process gets the leader's
// bits. So a run of the same number of processes computes the same bits again.
package ranks
