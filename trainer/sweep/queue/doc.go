// Package queue trains the runs of a sweep: so many at a time as the machine has room
// for, each a trainer's process of its own.
//
// A queue is a process of this program in a session of its own, as a trainer is. It
// holds the lock of the sweep's directory and keeps nothing in mind that matters: what
// is done and what is to do it reads from the runs' directories, so that a queue that
// was killed, with its trainers or without them, is continued by any other. Trainers
// outlive a queue that was killed, and the next one finds them.
//
// A record of a run that was trained elsewhere, which the sweep's directory keeps, counts
// as the run does while that is not there: what is done in it is not trained, and what it
// says decides with the others. One of a run that did not come to its end leaves the run
// to be trained, from its beginning.
//
// To pause a sweep, a file in its directory asks for it; the queue stops its runs, each
// at a checkpoint, and ends. A sweep that is paused has no process.
package queue
