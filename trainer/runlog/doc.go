// Package runlog writes and reads the history of a run: two append-only files of
// one JSON object a line.
//
//	metrics.jsonl  {"nimg":25600,"time":1763854000.120,"loss/gen":0.71,"fid":12.3}
//	events.jsonl   {"time":1763854000.120,"nimg":25600,"kind":"fid","text":"FID(mnist-cnn) 12.3"}
//
// Times are seconds since 1970. A scalar without a finite value is null, which
// reads back as NaN. The writer adds whole lines, each with one write to a file
// opened for appending, so that any number of readers may follow; a reader
// leaves an unfinished last line for its next call and skips a line that a
// killed trainer left torn.
//
// A run that goes on from a checkpoint at nimg X after it had got further has
// ticks beyond X that no longer count. Nothing is erased: Writer.Resume adds
// {"nimg":X,"time":…,"resume":1} to metrics.jsonl, and readers drop every
// earlier tick with a larger nimg. Events all stay, being what happened.
package runlog
