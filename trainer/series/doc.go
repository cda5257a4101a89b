// Package series keeps the history of a run's scalars, once, in columns. Charts,
// lists and read-outs look into them; nobody has a copy, and nothing keeps a map
// for a tick.
//
//	Run      name → Column, and one Clock for all
//	Branch   what a run had beyond where it went back to
//	Column   x (kimg), value; scalars that tick together share their x
//	View     a column as it is, or its moving average: values, and summaries of
//	         any range in time that hardly grows with its length
//
// A value takes 8 bytes, its summaries 1, those of a moving average 3 more; x and
// time of a tick are shared by the scalars that tick together. Images seen are
// counted in thousands here, since that is what axes and windows are made of; a
// float64 holds every number of images as exactly.
//
// One goroutine owns a run; nothing is locked. The zero values are ready.
package series
