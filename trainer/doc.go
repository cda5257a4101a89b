// Package trainer is the process life of a run: making its directory, afresh or
// as a fork of another run, holding its lock, starting a trainer that outlives
// the process that started it, sharing the machine with other runs, and deleting what is
// no longer wanted.
//
// A trainer is this program run again as "innate train --run DIR" in a session
// of its own, so that neither a closed terminal nor a lost connection ends it.
// It holds an exclusive flock on DIR/lock for as long as it lives; the kernel
// gives the lock back however it ends. Reading runs, which needs no right to
// start them, is package control's.
package trainer
