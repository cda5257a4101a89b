package loop_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"innate/metrics"
	"innate/models/checkpoint"
	"innate/models/features"
	"innate/models/precond"
	"innate/models/unet"
	"innate/trainer"
	"innate/trainer/control"
	"innate/trainer/data/datatest"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// cnnLabel is what FID is called over the tiny CNN of networks.
const cnnLabel = "cnn-6b66c488"

// networks writes tiny teachers, one without and some with classes, a tiny CNN
// and reference statistics, and returns their folder.
func networks(t *testing.T) string {
	t.Helper()
	dir, rng := t.TempDir(), rand.New(rand.NewPCG(1, 2))
	for name, classes := range map[string]int{"teacher": 0, "teacher10": 10, "teacher3": 3} {
		net, err := unet.New(unet.Config{
			Arch: "ddpmpp", Sizes: precond.Sizes{
				Resolution: datatest.Side, Channels: 1, ModelChannels: 8, ChannelMult: []int{1, 1, 1}, ChannelMultEmb: 4, NumBlocks: 1,
				LabelDim: classes,
			},
		}, rand.New(rand.NewPCG(3, 4)))
		check(t, err)
		teacher := checkpoint.New()
		check(t, (&precond.Denoiser{Net: net, Kind: precond.EDM}).AddTo(teacher, ""))
		teacher.Metadata[loop.StatedKey("fid", "cnn")] = "12.5"
		check(t, checkpoint.Write(filepath.Join(dir, name+".safetensors"), teacher))
	}

	cnn, err := features.New(features.Config{Channels: 1, Widths: []int{8, 8}, Classes: 10}, rng)
	check(t, err)
	file := checkpoint.New()
	check(t, cnn.AddTo(file, ""))
	check(t, checkpoint.Write(filepath.Join(dir, "cnn.safetensors"), file))

	acc := metrics.NewAccumulator(8)
	rows := make([]float32, 8*64)
	for i := range rows {
		rows[i] = rng.Float32()
	}
	acc.Add(rows, 64)
	stats, err := acc.Stats()
	check(t, err)
	check(t, metrics.SaveSet(filepath.Join(dir, "ref.npz"), metrics.Set{Stats: stats}))
	return dir
}

// conditional makes a run of config that is conditioned on the class.
func conditional(text string) string {
	text = strings.Replace(text, "teacher.safetensors", "teacher10.safetensors", 1)
	return strings.Replace(text, "[data]\n", "[data]\nlabels = true\n", strings.Count(text, `"edm"`))
}

// config is a run of one method that is over in a second or two.
func config(method, dir string) string {
	common := fmt.Sprintf("name = %q\nmethod = %q\n[run]\nbatch = 4\nthreads = 2\n[data]\ndataset = \"thumbs\"\n", "t-"+method, method)
	fid := fmt.Sprintf("[fid]\nfeatures = %q\nreference = %q\nsamples = 20\n", dir+"/cnn.safetensors", dir+"/ref.npz")
	live := "[live]\ntotal_kimg = 0.064\ntick_kimg = 0.008\ncheckpoint_kimg = 0.016\nkeep_checkpoints = 10\n"
	images := "fid_kimg = 0.032\nsample_kimg = 0.032\nsample_count = 4\n"
	switch method {
	case "gdd":
		return common + fmt.Sprintf("[model]\ninit = %q\n[disc]\nfeatures = %q\nin_size = 8\ncmix = 8\nwidth = 8\n",
			dir+"/teacher.safetensors", dir+"/cnn.safetensors") + fid + live + images + "r1_interval = 4\n[freeze]\npreset = \"gdd-i\"\n"
	case "edm":
		return common + "[model]\nmodel_channels = 8\nchannel_mult = [1, 1, 1]\nattn_resolutions = []\ndropout = 0.1\n" + fid + "steps = 2\n" + live + images
	}
	return common + "[features]\nwidths = [8, 8]\n" + live
}

// inParts has a run compute its batches in micro-batches.
func inParts(text string) string {
	return strings.Replace(text, "batch = 4\n", "batch = 4\nmicro_batch = 2\n", 1)
}

// severally gives a distillation a second discriminator, of another size and scale.
func severally(text, dir string) string {
	return inParts(text) + fmt.Sprintf("[disc1]\nfeatures = %q\nin_size = 12\nmean = [0.4]\nstd = [0.3]\ncmix = 4\nwidth = 4\nweight = 0.5\nlr = 2\n", dir+"/cnn.safetensors")
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRun(t *testing.T, text string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	check(t, trainer.CreateAt(dir, text, "t"))
	return dir
}

// train trains until the run ends by itself.
func train(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	check(t, loop.Run(ctx, loop.Options{Dir: dir, Patient: true}))
}

// background trains until stop is called, and returns once it answers.
func background(t *testing.T, dir string) (client *control.Client, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- loop.Run(ctx, loop.Options{Dir: dir}) }()
	client = control.NewClient(dir)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := client.Status(ctx); err == nil {
			break
		} else if !errors.Is(err, control.ErrNotRunning) || time.Now().After(end) {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			t.Fatalf("the run ended: %v", err)
		default:
		}
	}
	done := false
	stop = func() {
		if !done {
			done = true
			cancel()
			check(t, <-ended)
		}
	}
	t.Cleanup(stop)
	return client, stop
}

// until polls the status until ok.
func until(t *testing.T, client *control.Client, what string, ok func(run.Status) bool) run.Status {
	t.Helper()
	var s run.Status
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var err error
		if s, err = client.Status(context.Background()); err == nil && ok(s) {
			return s
		}
	}
	t.Fatalf("waited for %s; status %+v", what, s)
	return s
}

// resumed trains a run whole, and another that breaks off after each of so many steps
// and resumes, whose last checkpoint must be the same. It returns the first.
func resumed(t *testing.T, text string, steps ...int) (whole string) {
	t.Helper()
	whole, parts := newRun(t, text), newRun(t, text)
	train(t, whole)
	for _, n := range steps {
		l, err := loop.Open(parts)
		check(t, err)
		for range n {
			check(t, l.Step())
		}
		check(t, l.Checkpoint())
		check(t, l.Flush())
		l.Close()
	}
	train(t, parts)
	if !bytes.Equal(lastCheckpoint(t, whole), lastCheckpoint(t, parts)) {
		t.Error("another checkpoint than that of a run without a break")
	}
	return whole
}

func lastCheckpoint(t *testing.T, dir string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, run.CheckpointsDir, "000000064.safetensors"))
	check(t, err)
	return data
}

// TestResumeIsExact stops a run of each method in the middle, also between two
// checkpoints, and continues it from each of its checkpoints in turn: the last
// checkpoint must not differ by a bit.
func TestResumeIsExact(t *testing.T) {
	t.Parallel()
	dir := networks(t)
	for name, text := range map[string]string{
		"gdd": config("gdd", dir), "edm": config("edm", dir), "classifier": config("classifier", dir),
		"conditional gdd": conditional(config("gdd", dir)), "conditional edm": conditional(config("edm", dir)),
		"two discriminators in micro-batches": severally(config("gdd", dir), dir), "edm in micro-batches": inParts(config("edm", dir)),
	} {
		t.Run(name, func(t *testing.T) {
			alone := newRun(t, text)
			train(t, alone)
			want := lastCheckpoint(t, alone)
			for _, nimg := range []int{16, 48} {
				dir := newRun(t, text)
				name := fmt.Sprintf("%09d.safetensors", nimg)
				data, err := os.ReadFile(filepath.Join(alone, run.CheckpointsDir, name))
				check(t, err)
				check(t, os.MkdirAll(filepath.Join(dir, run.CheckpointsDir), 0o755))
				check(t, os.WriteFile(filepath.Join(dir, run.CheckpointsDir, name), data, 0o644))
				train(t, dir)
				if !bytes.Equal(lastCheckpoint(t, dir), want) {
					t.Errorf("continued from %d images, the last checkpoint differs", nimg)
				}
			}
		})
	}
}

// TestStopAndResume stops a run by its context, as SIGTERM does, and continues.
func TestStopAndResume(t *testing.T) {
	t.Parallel()
	text := config("gdd", networks(t))
	alone := newRun(t, text)
	train(t, alone)
	dir := newRun(t, text)
	client, stop := background(t, dir)
	until(t, client, "the first steps", func(s run.Status) bool { return s.Nimg >= 12 })
	stop()
	info, err := run.ReadInfo(dir)
	check(t, err)
	if info.Status.State != run.StateStopped && info.Status.State != run.StateDone {
		t.Fatalf("state %q after a stop", info.Status.State)
	}
	train(t, dir)
	if !bytes.Equal(lastCheckpoint(t, dir), lastCheckpoint(t, alone)) {
		t.Error("the last checkpoint differs from that of a run left alone")
	}
}

// TestRunLog checks what a finished distillation leaves for readers.
func TestRunLog(t *testing.T) {
	t.Parallel()
	dir := newRun(t, config("gdd", networks(t)))
	train(t, dir)
	history, err := runlog.ReadAll(dir)
	check(t, err)
	seen := map[string]int{}
	for _, tick := range history.Rows {
		for _, name := range tick.Names {
			seen[name]++
		}
	}
	for name, least := range map[string]int{
		"loss/gen": 8, "loss/disc": 8, "logits/fake": 8, "logits/real": 8, "r1/penalty": 3, "fid": 3,
		runlog.Speed: 8, runlog.CPUSpeed: 8, "freeze/fraction": 8, "grad/nonfinite": 8,
	} {
		if seen[name] < least {
			t.Errorf("%s appears %d times, want at least %d", name, seen[name], least)
		}
	}
	info, err := run.ReadInfo(dir)
	check(t, err)
	s := info.Status
	if s.State != run.StateDone || s.Nimg != 64 || s.LastFID == nil || s.BestFID == nil || *s.BestFID > *s.LastFID {
		t.Errorf("status %+v, want done at 64 images with FID", s)
	}
	if s.TeacherFID == nil || *s.TeacherFID != 12.5 || s.FIDName != "FID("+cnnLabel+")" {
		t.Errorf("teacher's FID %v under %q, want 12.5 under FID(%s)", s.TeacherFID, s.FIDName, cnnLabel)
	}
	if _, err := os.Stat(filepath.Join(dir, s.SampleFile)); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, run.CheckpointsDir, "best.safetensors")); err != nil {
		t.Error(err)
	}
}

// TestSteering changes settings and freezing of a live run and checks that
// config.toml, status and events agree, and that a refusal changes nothing.
func TestSteering(t *testing.T) {
	t.Parallel()
	text := strings.Replace(config("gdd", networks(t)), "total_kimg = 0.064", "total_kimg = 1000 # long", 1)
	dir := newRun(t, text)
	client, stop := background(t, dir)
	ctx := context.Background()

	s, err := client.Set(ctx, map[string]string{"live.gen_lr": "1e-5", "live.fid_kimg": "0"})
	check(t, err)
	if s.Live["gen_lr"] != 1e-5 {
		t.Errorf("gen_lr %v, want 1e-05", s.Live["gen_lr"])
	}
	for _, bad := range []map[string]string{
		{"live.gen_lr": "-1"}, {"live.no_such": "1"}, {"run.batch": "8"}, {"live.disc_lr": "1e-3", "live.gen_lr": "x"},
	} {
		before, err := os.ReadFile(filepath.Join(dir, run.ConfigFile))
		check(t, err)
		if _, err := client.Set(ctx, bad); err == nil {
			t.Errorf("set %v was not refused", bad)
		}
		after, err := os.ReadFile(filepath.Join(dir, run.ConfigFile))
		check(t, err)
		if !bytes.Equal(before, after) {
			t.Errorf("the refused set %v changed config.toml", bad)
		}
	}
	written, err := os.ReadFile(filepath.Join(dir, run.ConfigFile))
	check(t, err)
	if !strings.Contains(string(written), "# long") {
		t.Error("a comment of config.toml is gone")
	}

	none := "none"
	s, err = client.Freeze(ctx, control.FreezeRequest{Preset: &none})
	check(t, err)
	if s.FrozenParams != 0 {
		t.Errorf("%d parameters frozen under preset none", s.FrozenParams)
	}
	s, err = client.Freeze(ctx, control.FreezeRequest{Toggle: []string{"enc.8x8_block0.conv0.weight", "enc.8x8_block0.conv0.bias"}})
	check(t, err)
	if want := int64(8*8*9 + 8); s.FrozenParams != want {
		t.Errorf("%d parameters frozen after a toggle, want %d", s.FrozenParams, want)
	}
	if _, err := client.Freeze(ctx, control.FreezeRequest{Freeze: &[]string{"enc.99x99_*"}}); err == nil || !strings.Contains(err.Error(), "enc.99x99_*") {
		t.Errorf("a glob that matches nothing: %v, want an error that names it", err)
	}
	layers, err := client.Layers(ctx)
	check(t, err)
	for _, l := range layers {
		if want := strings.HasPrefix(l.Name, "enc.8x8_block0.conv0."); l.Frozen != want {
			t.Errorf("layer %s frozen: %v, want %v", l.Name, l.Frozen, want)
		}
	}

	// An editor's edits: a broken one is reported and does nothing, the next
	// good one clears the report.
	path := filepath.Join(dir, run.ConfigFile)
	good, err := os.ReadFile(path)
	check(t, err)
	check(t, os.WriteFile(path, append(good, "gen_lr = \n"...), 0o644))
	s = until(t, client, "a config error", func(s run.Status) bool { return s.ConfigError != "" })
	if !strings.Contains(s.ConfigError, "config.toml:") || s.Live["gen_lr"] != 1e-5 {
		t.Errorf("after a broken edit: %q, gen_lr %v", s.ConfigError, s.Live["gen_lr"])
	}
	if _, err := client.Set(ctx, map[string]string{"live.gen_lr": "1e-4"}); err == nil {
		t.Error("a command wrote over a broken edit that the user has not corrected")
	}
	check(t, os.WriteFile(path, bytes.Replace(good, []byte("gen_lr = 1e-5"), []byte("gen_lr = 2e-5"), 1), 0o644))
	until(t, client, "the edit to apply", func(s run.Status) bool { return s.ConfigError == "" && s.Live["gen_lr"] == 2e-5 })

	_, err = client.Pause(ctx)
	check(t, err)
	s = until(t, client, "the pause", func(s run.Status) bool { return s.State == run.StatePaused })
	time.Sleep(50 * time.Millisecond)
	if again, err := client.Status(ctx); err != nil || again.Nimg != s.Nimg {
		t.Errorf("a paused run went from %d to %d images (%v)", s.Nimg, again.Nimg, err)
	}
	_, err = client.Resume(ctx)
	check(t, err)
	until(t, client, "training to continue", func(now run.Status) bool { return now.Nimg > s.Nimg })
	stop()

	history, err := runlog.ReadAll(dir)
	check(t, err)
	kinds := map[string]int{}
	for _, e := range history.Events {
		kinds[e.Kind]++
	}
	for _, kind := range []string{runlog.Start, runlog.Config, runlog.Freeze, runlog.Pause, runlog.Error, runlog.Stop, runlog.Checkpoint} {
		if kinds[kind] == 0 {
			t.Errorf("no %s event; got %v", kind, kinds)
		}
	}
}

// TestBadNetworks checks that a run which cannot begin says which file is wrong.
func TestBadNetworks(t *testing.T) {
	t.Parallel()
	dir := networks(t)
	text := config("gdd", dir)
	for _, c := range []struct{ name, old, new, want string }{
		{"missing teacher", "teacher.safetensors", "nobody.safetensors", "nobody.safetensors"},
		{"teacher that is no U-Net", "teacher.safetensors", "cnn.safetensors", "cnn.safetensors"},
		{"teacher of other classes", "teacher.safetensors", "teacher3.safetensors", "3 classes, want the data's 10 or none"},
		{"unknown builtin", dir + "/teacher.safetensors", "builtin:nobody", "nobody"},
		{"image size that cannot be halved", "in_size = 8", "in_size = 10", "10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := filepath.Join(t.TempDir(), "run")
			err := trainer.CreateAt(run, strings.Replace(text, c.old, c.new, 1), "t")
			if err == nil {
				err = loop.Run(context.Background(), loop.Options{Dir: run})
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that names %q", err, c.want)
			}
		})
	}
}

// TestContinueFromWeights begins EDM training from a network's weights, and
// refuses those of another architecture.
func TestContinueFromWeights(t *testing.T) {
	t.Parallel()
	dir := networks(t)
	text := strings.Replace(config("edm", dir), "[model]\n", fmt.Sprintf("[model]\ninit = %q\n", dir+"/teacher.safetensors"), 1)
	train(t, newRun(t, text))

	other := strings.Replace(text, "[1, 1, 1]", "[1, 1, 2]", 1)
	err := loop.Run(context.Background(), loop.Options{Dir: newRun(t, other)})
	if err == nil || !strings.Contains(err.Error(), "teacher.safetensors") || !strings.Contains(err.Error(), "want") {
		t.Errorf("another architecture: %v, want an error that names the file and the shapes", err)
	}
}

// TestFreezeEveryMethod freezes a layer by toggle and by glob under each method.
func TestFreezeEveryMethod(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for method, layer := range map[string]string{
		"gdd": "enc.4x4_down.conv0", "edm": "enc.4x4_down.conv0", "classifier": "stages.0.2",
	} {
		t.Run(method, func(t *testing.T) {
			text := strings.Replace(config(method, networks(t)), "total_kimg = 0.064", "total_kimg = 1000", 1)
			client, _ := background(t, newRun(t, text))
			before, err := client.Status(ctx)
			check(t, err)
			_, err = client.Freeze(ctx, control.FreezeRequest{Toggle: []string{layer + ".bias"}})
			check(t, err)
			s, err := client.Freeze(ctx, control.FreezeRequest{Toggle: []string{layer + ".bias"}})
			check(t, err)
			if s.FrozenParams != before.FrozenParams {
				t.Errorf("%d parameters frozen after two toggles, want %d as before", s.FrozenParams, before.FrozenParams)
			}
			_, err = client.Freeze(ctx, control.FreezeRequest{Freeze: &[]string{layer + ".*"}})
			check(t, err)
			layers, err := client.Layers(ctx)
			check(t, err)
			for _, l := range layers {
				if strings.HasPrefix(l.Name, layer+".") && !l.Frozen {
					t.Errorf("%s trains", l.Name)
				}
			}
		})
	}
}
