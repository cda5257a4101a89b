// Package runlog writes and reads the history of a run: append-only files of one
// JSON object a line.
//
//	metrics.jsonl  {"type":"tick","nimg":25600,"time":1763854000.120,"grad/gen":null,"loss/gen":0.71}
//	               {"type":"fid","nimg":25600,"time":1763854000.120,"fid":12.3}
//	               {"type":"test","nimg":25600,"time":1763854000.120,"accuracy/test":0.98}
//	               {"type":"resume","nimg":20480,"time":1763854000.120}
//	events.jsonl   {"type":"event","time":1763854000.120,"nimg":25600,"kind":"fid","text":"FID(mnist-cnn) 12.3"}
//	layers.jsonl   {"type":"layers","nimg":25600,"time":1763854000.120,"grad":[1.25,null],"update":[0.001,0],"distance":[0.05,0],"direction":[0.03,0],"norm":[-0.04,0]}
//
// Every line says what it is; GET /v1/stream of package control passes on the
// same bytes. Lines of builds before had no type: old.go knows what they were.
//
// Times are seconds since 1970. A scalar without a finite value is null, which
// reads back as NaN. The writer adds whole lines, each with one write to a file
// opened for appending, so that any number of readers may follow; a reader
// leaves an unfinished last line for its next call and skips a line that a
// killed trainer left torn.
//
// A run that resumes from a checkpoint at nimg X after it had got further has
// ticks beyond X that no longer count. Nothing is erased: Writer.Resume adds a
// line of type resume to metrics.jsonl and layers.jsonl, and readers drop every
// earlier line with a larger nimg; X is -1 where the run begins again.
// Events all stay, being what happened; what changed a setting that is still in
// force is repeated behind the resume event, at its nimg.
//
// The scalars, means over a tick unless they say otherwise:
//
//	loss/gen loss/disc loss/r1 loss/edm loss/ce   as trained, per image or pixel
//	logits/fake logits/real probs/fake probs/real of the discriminator; of several,
//	                                              logits/fake.disc, logits/fake.disc1, …,
//	                                              loss/gen.disc, loss/disc.disc, … beside the sums
//	r1/penalty                                    squared norm of the images' gradient
//	grad/gen grad/disc, grad/norm                 L2 norm of a step's gradient, R1 apart
//	grad/nonfinite                                gradient values replaced in a step
//	lr/gen lr/disc, lr                            learning rates that Adam used, after
//	                                              warm-up, decay and the lazy correction
//	accuracy/train accuracy/test                  of a classifier
//	fid                                           one value for each evaluation; of
//	                                              another statistic by its own name
//	freeze/fraction                               share of frozen parameters, at the tick
//	speed/images_per_sec                          of training alone, over the last steps
//	speed/images_per_cpu_sec                      the same by this process's processor time,
//	                                              whoever else uses the machine; of runs on
//	                                              the CPU in one process
//	time/STAGE_ms                                 milliseconds a step; the stages add up
//	                                              to the time between two ticks, pauses apart
//
// A line of type fid is an evaluation, of whatever statistic. Stages are data, g,
// d, r1, step (of edm and classifier), ema, layers, fid or another statistic,
// sample and checkpoint. What is done now and then, as the last four, is spread
// over the steps of its tick.
package runlog
