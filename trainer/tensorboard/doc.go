// Package tensorboard copies a run's history into event files of TensorBoard,
// so that "tensorboard --logdir runs" shows every run beside others.
//
//	runs/X/tensorboard/events.out.tfevents.<unix>.<host>.<pid>.innate
//
// Each trainer process writes one file, and another each time it goes back to a
// checkpoint; TensorBoard reads them in the order of their names. A file is a sequence of TFRecords, each an Event message of
// TensorFlow's event.proto:
//
//	scalars  the tags of metrics.jsonl, step = images seen (nimg), wall time
//	images   the sample grids, under the tag "samples"
//	text     config, freeze, start, stop, error: under "events/<kind>"
//	session  where the run resumes: TensorBoard with --load_fast=false
//	         forgets all later steps, as readers of metrics.jsonl do
//
// Its default loader does not, so the later steps are also cut out of the files
// (cut.go).
//
// metrics.jsonl remains the history; these files are a copy that a run can lose
// without harm, so no error of theirs ever stops it.
package tensorboard
