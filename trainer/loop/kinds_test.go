package loop_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/models/precond"
	"innate/trainer/method"
	"innate/trainer/run"
)

// TestKinds trains a teacher under each preconditioning, with images by its own
// paper's sampler; stops, resumes exactly, and distills what came of it.
func TestKinds(t *testing.T) {
	networks := networks(t)
	for _, kind := range []precond.Kind{precond.VP, precond.VE, precond.IDDPM} {
		t.Run(string(kind), func(t *testing.T) {
			text := strings.Replace(config("edm", networks), "[model]\n", fmt.Sprintf("[model]\nprecond = %q\n", kind), 1)
			text = strings.Replace(text, "[fid]\n", "[fid]\nsampler = \"own\"\n", 1)
			f, err := checkpoint.Decode(lastCheckpoint(t, resumed(t, text, 3)))
			check(t, err)
			den, err := method.OpenDenoiser(f)
			check(t, err)
			s := den.Net.Shape()
			if den.Kind != kind || (s.OutChannels == 2*s.Channels) != (kind == precond.IDDPM) {
				t.Errorf("came back as %s of %d channels from %d", den.Kind, s.OutChannels, s.Channels)
			}
			teacher, err := method.Network(f)
			check(t, err)
			check(t, checkpoint.Write(filepath.Join(networks, string(kind)+".safetensors"), teacher))
			student := newRun(t, strings.Replace(config("gdd", networks), "/teacher.", "/"+string(kind)+".", 1))
			train(t, student)
			info, err := run.ReadInfo(student)
			if err != nil || info.Status.State != run.StateDone {
				t.Errorf("the student: %+v, %v", info.Status, err)
			}
			if f, err = checkpoint.Decode(lastCheckpoint(t, student)); err != nil {
				t.Fatal(err)
			}
			if den, err = method.OpenDenoiser(f); err != nil || den.Kind != precond.GDD {
				t.Errorf("the student is %v, %v, want preconditioning gdd", den, err)
			}
		})
	}
}
