package loop

import (
	"fmt"

	"innate/models/checkpoint"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// noteBroken records which training images were broken, of a data set that says so.
func (l *Loop) noteBroken() {
	if set, ok := l.data.(interface{ Notes() []string }); ok {
		for _, text := range set.Notes() {
			l.event(runlog.Data, text, nil)
		}
	}
}

// fingerprint names the training images; "" of those that the program brings.
func (l *Loop) fingerprint() string {
	if set, ok := l.data.(interface{ Fingerprint() string }); ok {
		return set.Fingerprint()
	}
	return ""
}

// noteOtherData records that a checkpoint was trained on other images than are there
// now.
func (l *Loop) noteOtherData(f *checkpoint.File) {
	if was, is := f.Metadata[run.MetaData], l.fingerprint(); was != "" && was != is {
		l.event(runlog.Data, fmt.Sprintf("data.path: the images are %s, no longer %s: what follows is not what those would have given", is, was), nil)
	}
}
