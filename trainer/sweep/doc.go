// Package sweep is experiments of many runs: points, which are settings over a common
// configuration, each trained with several seeds. An ensemble is a sweep of one point.
//
//	NAME.toml   what a person writes: axes, named points, seeds, early stop
//	Plan        the points that come of it, checked, in the sweep's directory
//	Group       the runs that belong together, as a list finds them
//	Sample      mean and deviation over seeds, and what two of them allow to say
//
// A sweep NAME has the directory NAME.sweep among the runs, which is no run itself. Its
// runs are ordinary ones beside it, NAME-POINT-seedSEED, that say in their about.json
// what they belong to. What is done is read from them alone; package queue, which
// trains them, keeps no state of its own.
//
// Nothing here links a network or starts a process: commands and screens read sweeps
// alike.
package sweep
