package loop_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"innate/trainer/loop"
)

// student is a small run of a method that trains a one-step generator, measured by other
// features than those that it may train on.
func student(method, dir, tables string) string {
	text := fmt.Sprintf("name = \"t\"\nmethod = %q\n[run]\nbatch = 4\nthreads = 2\nMICRO[data]\ndataset = \"thumbs\"\n[model]\ninit = %q\n", method, dir+"/teacher.safetensors")
	if method != "distill" {
		text = strings.Replace(text, "[model]", fmt.Sprintf("[disc]\nfeatures = %q\nin_size = 8\n[model]", dir+"/cnn.safetensors"), 1)
	}
	return text + tables + "[live]\ntotal_kimg = 0.024\ntick_kimg = 0.008\ncheckpoint_kimg = 0.012\nfid_kimg = 0\nsample_kimg = 0\n"
}

// TestResumeOfStudents stops runs with every loss and every beginning that a student may
// have after each checkpoint and half way to it: the last checkpoint is that of a run
// without a break, byte for byte, with moving averages, the moments of real images and
// the weights that it began with. Charts have each loss.
func TestResumeOfStudents(t *testing.T) {
	t.Parallel()
	dir := networks(t)
	for name, c := range map[string]struct {
		text   string
		losses []string
	}{
		"fd":             {student("fd", dir, "start = \"random\"\n"), []string{"loss/fd"}},
		"fd in parts":    {strings.Replace(student("fd", dir, ""), "MICRO", "micro_batch = 2\n", 1), []string{"loss/fd"}},
		"gdd, fd and cd": {student("gdd", dir, "start = \"encoder\"\n[fd]\nweight = 0.5\n[distill]\ntarget = \"cd\"\n"), []string{"loss/fd", "loss/gen", "loss/disc", "loss/distill"}},
		"ctm by maps":    {student("distill", dir, fmt.Sprintf("start = \"decoder\"\n[distill]\ntarget = \"ctm\"\nloss = \"maps\"\nmaps = %q\n", dir+"/cnn.safetensors")), []string{"loss/distill"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(c.text, "MICRO", "", 1)
			whole, parts := newRun(t, text), newRun(t, text)
			train(t, whole)
			for n := 1; n <= 3; n++ {
				l := open(t, parts)
				steps(t, l, 1)
				save(t, l)
				l.Close()
			}
			train(t, parts)
			if !bytes.Equal(read(t, checkpointPath(whole, 24)), read(t, checkpointPath(parts, 24))) {
				t.Error("another checkpoint than that of a run without a break")
			}
			log := string(read(t, whole+"/metrics.jsonl"))
			for _, loss := range []string{"loss/fd", "loss/gen", "loss/disc", "loss/distill"} {
				want := strings.Contains(strings.Join(c.losses, " "), loss)
				if strings.Contains(log, fmt.Sprintf("%q", loss)) != want {
					t.Errorf("%s charted: %v, want %v", loss, !want, want)
				}
			}
		})
	}
}

// TestDistanceRefused: features that measure are not trained on, by whatever file they
// come, nor are losses begun within a run.
func TestDistanceRefused(t *testing.T) {
	t.Parallel()
	dir := networks(t)
	judged := student("fd", dir, fmt.Sprintf("[fid]\nfeatures = %q\nreference = %q\n", dir+"/cnn.safetensors", dir+"/ref.npz"))
	run := newRun(t, strings.Replace(judged, "MICRO", "", 1))
	if l, err := loop.Open(run); err == nil || !strings.Contains(err.Error(), "disc.features: got cnn-") || !strings.Contains(err.Error(), "want others than fid: what is trained by features is not measured by them") {
		t.Errorf("got %v, want a refusal of features that measure", err)
		if err == nil {
			l.Close()
		}
	}
}
