package loop_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/metrics"
	"innate/models/checkpoint"
	"innate/models/device/devicetest"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/weights"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// relabel states the FID of best.safetensors under another name.
func relabel(t *testing.T, dir, name string) {
	t.Helper()
	path := filepath.Join(dir, run.CheckpointsDir, run.BestFile)
	f, err := checkpoint.Read(path)
	check(t, err)
	f.Metadata[loop.StatedKey("fid", name)] = f.Metadata[loop.StatedKey("fid", cnnLabel)]
	delete(f.Metadata, loop.StatedKey("fid", cnnLabel))
	check(t, checkpoint.Write(path, f))
}

// TestLabelOfACopy measures with a renamed copy of the built-in network: under its
// name, and beside the value that a teacher states for it.
func TestLabelOfACopy(t *testing.T) {
	t.Parallel()
	dir := networks(t)
	builtin, err := weights.Open("builtin:mnist-fid-cnn")
	check(t, err)
	check(t, checkpoint.Write(filepath.Join(dir, "mine.safetensors"), builtin))
	teacher, err := checkpoint.Read(filepath.Join(dir, "teacher.safetensors"))
	check(t, err)
	teacher.Metadata[loop.StatedKey("fid", "mnist-cnn")] = "7.5"
	check(t, checkpoint.Write(filepath.Join(dir, "teacher.safetensors"), teacher))
	text := strings.NewReplacer(`features = "`+dir+"/cnn.safetensors\"\nreference = \""+dir+"/ref.npz", `features = "`+dir+"/mine.safetensors\"\nreference = \"builtin:mnist-fid-ref",
		"total_kimg = 0.064", "total_kimg = 0.008").Replace(config("gdd", dir))
	at := newRun(t, text)
	train(t, at)
	info, err := run.ReadInfo(at)
	check(t, err)
	if s := info.Status; s.FIDName != "FID(mnist-cnn)" || s.TeacherFID == nil || *s.TeacherFID != 7.5 {
		t.Errorf("%q, teacher's %v, want FID(mnist-cnn) and 7.5", s.FIDName, s.TeacherFID)
	}
	f, err := checkpoint.Read(filepath.Join(at, run.CheckpointsDir, run.BestFile))
	check(t, err)
	if f.Metadata["fid/mnist-cnn"] == "" {
		t.Errorf("best.safetensors states %v, want fid/mnist-cnn", f.Metadata)
	}
}

// TestPickleOfNoFeatures: what a network pickle lacks is said with the file that has it.
func TestPickleOfNoFeatures(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "inception.pkl")
	for _, c := range []struct{ data, want string }{
		{"\x80\x03cdetectors\nInception\n)\x81.", `it wants to run "detectors.Inception"`},
		{"\x80\x03}.", "want tensors"},
	} {
		check(t, os.WriteFile(path, []byte(c.data), 0o644))
		_, err := loop.OpenFeatures(path, features.OwnInput)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasSuffix(err.Error(), "; FID's Inception is fetch:pt_inception-2015-12-05-6726825d.pth") {
			t.Errorf("got %v, want %s, and which file to use", err, c.want)
		}
	}
}

// batchSpy notes how many images its network is compiled for.
type batchSpy struct {
	features.Network
	batch *int
}

func (s batchSpy) Embed(g *graph.Builder, x graph.Node) (features, logits graph.Node) {
	*s.batch = x.Shape()[0]
	return s.Network.Embed(g, x)
}

// TestFeatureBatch: the feature network computes no more images at once than come at
// once, or the rest of its batch would be thrown away.
func TestFeatureBatch(t *testing.T) {
	t.Parallel()
	net, err := loop.OpenFeatures("builtin:mnist-fid-cnn", features.OwnInput)
	check(t, err)
	for source, want := range map[int]int{50: 50, 250: 250, 1000: 250} {
		got := 0
		net := &loop.FeatureNetwork{Network: batchSpy{net.Network, &got}, Label: net.Label, Called: net.Called}
		_, err := loop.OpenJudge(devicetest.Open(t, 1), []string{"fid"}, net, "builtin:mnist-fid-ref", graph.Shape{28, 28, 1}, metrics.CollectorConfig{
			Source: func(int, []float32) error { return nil }, SourceBatch: source, Values: 28 * 28, Nimg: 2000,
		})
		check(t, err)
		if got != want {
			t.Errorf("%d images at once: the network is compiled for %d, want %d", source, got, want)
		}
	}
}

// TestBestOfAnOldLabel: a run whose best network was found when features were
// called after their file resumes with it.
func TestBestOfAnOldLabel(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd"))
	l := open(t, dir)
	steps(t, l, 1)
	check(t, l.Measured(4, 65.1))
	save(t, l)
	l.Close()
	relabel(t, dir, "cnn")
	before := read(t, filepath.Join(dir, run.CheckpointsDir, run.BestFile))

	l = open(t, dir)
	check(t, l.Flush())
	if got := read(t, filepath.Join(dir, run.CheckpointsDir, run.BestFile)); string(got) != string(before) {
		t.Error("best.safetensors has been written again")
	}
	if fid := l.Status().BestFID; fid == nil || *fid != 65.1 {
		t.Errorf("status: best FID %v, want 65.1", fid)
	}
	steps(t, l, 1)
	check(t, l.Measured(8, 60))
	wantBest(t, l, dir, "8: 60.0000")
	l.Close()
}

// TestBestOfOtherFeatures: a run whose feature network has been exchanged begins
// its search for the best again, since the values cannot be compared.
func TestBestOfOtherFeatures(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd"))
	l := open(t, dir)
	steps(t, l, 1)
	check(t, l.Measured(4, 65.1))
	save(t, l)
	l.Close()
	path := filepath.Join(dir, "inputs", "fid.features", "cnn.safetensors")
	f, err := checkpoint.Read(path)
	check(t, err)
	net, err := features.FromCheckpoint(f, "")
	check(t, err)
	net.Params.Get("head.bias").Data[0]++
	f = checkpoint.New()
	check(t, net.AddTo(f, ""))
	check(t, checkpoint.Write(path, f))

	l = open(t, dir)
	check(t, l.Flush())
	if fid := l.Status().BestFID; fid != nil {
		t.Errorf("status: best FID %v, want none yet", *fid)
	}
	resumes := events(t, dir, runlog.Resume)
	if text := resumes[len(resumes)-1].Text; !strings.Contains(text, "not to be compared with FID("+cnnLabel+")") || !strings.Contains(text, "best-000000004.safetensors") {
		t.Errorf("event %q, want that FID has begun again, and where the best network is", text)
	}
	steps(t, l, 1)
	check(t, l.Measured(8, 70))
	if fid := l.Status().BestFID; fid == nil || *fid != 70 {
		t.Errorf("status: best FID %v, want 70", fid)
	}
	l.Close()
}

// TestReferenceNames: a reference may name features by their label or as they were
// called after their file, but not by what is now the name of other weights.
func TestReferenceNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, features, want string }{
		{"cnn", cnnLabel, ""},
		{"cnn", "cnn", ""},
		{"cnn", "cnn2", `features of "` + cnnLabel + `", but the reference was made with "cnn2"`},
		{"mnist-fid-cnn", "mnist-cnn", `features of "` + cnnLabel + `", but the reference was made with "mnist-cnn"`},
	} {
		dir := networks(t)
		check(t, os.Rename(filepath.Join(dir, "cnn.safetensors"), filepath.Join(dir, c.file+".safetensors")))
		stats, err := metrics.LoadStats(filepath.Join(dir, "ref.npz"))
		check(t, err)
		stats.Features = c.features
		check(t, metrics.SaveSet(filepath.Join(dir, "ref.npz"), metrics.Set{Stats: stats}))
		text := strings.ReplaceAll(config("edm", dir), "/cnn.safetensors", "/"+c.file+".safetensors")
		l, err := loop.Open(newRun(t, text))
		if err == nil {
			l.Close()
		}
		if err == nil && c.want != "" || err != nil && (c.want == "" || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("features in %s.safetensors, reference of %s: got %v, want %q", c.file, c.features, err, c.want)
		}
	}
}
