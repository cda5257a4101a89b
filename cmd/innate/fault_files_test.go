package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/models/weights"
)

// testdata of the packages that know files.
const (
	filesOfOthers = "../../models/filetype/testdata/"
	checkpoints   = "../../models/checkpoint/testdata/"
)

// TestFaultOpenByContent gives every command that takes a file or a run what
// people have: each says what it is.
func TestFaultOpenByContent(t *testing.T) {
	runs := t.TempDir()
	folder := t.TempDir()
	put := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	page := put("page.pkl", "<!DOCTYPE html><html>")
	pointer := put("pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\n")
	notes := put("notes.txt", "hello\n")
	zip := filesOfOthers + "zip.pt"
	torch := ": a PyTorch file (zip of torch.save), want safetensors; innate import makes one of it"
	command := put("command.pkl", "\x80\x02cos\nsystem\nX\x04\x00\x00\x00trueq\x00\x85R.")
	refused := ` wants to run "os.system", which innate does not: nothing in a file is ever run`
	aRun := ", want a run: a number, a name or a directory with a config.toml"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"sample", zip}, "precond: " + zip + `: metadata "precond": ""`},
		{[]string{"fid", zip}, "precond: " + zip + `: metadata "precond": ""`},
		{[]string{"inspect", command}, command + ": pickle: byte 2: it" + refused},
		{[]string{"sample", command}, refused},
		{[]string{"import", command, "--out", filepath.Join(folder, "out")}, refused},
		{[]string{"import", notes, "-o", filepath.Join(folder, "out")}, "notes.txt: a text, want a PyTorch file or a network pickle"},
		{[]string{"fork", zip}, "checkpoint: " + zip + torch},
		{[]string{"inspect", filesOfOthers + "protocol0.pkl"}, "protocol0.pkl: pickle: byte 0: starts with \"(d\", want protocol 2 to 5, which Python 3 writes"},
		{[]string{"inspect", filesOfOthers + "protocol4.pkl"}, "protocol4.pkl: a dict of 1, want tensors"},
		{[]string{"inspect", filesOfOthers + "script.pt"}, "script.pt: a __torch__.torch.nn.modules.linear.Identity, want tensors"},
		{[]string{"inspect", page}, "page.pkl: an HTML page, want safetensors; a download brought this instead of the file"},
		{[]string{"inspect", pointer}, "pointer: a pointer of Git LFS, want safetensors; git lfs pull"},
		{[]string{"inspect", "../../metrics/testdata/fid.npz"}, "fid.npz: an npz archive of NumPy, want safetensors; innate fid --ref"},
		{[]string{"inspect", folder}, folder + ": a directory" + aRun},
		{[]string{"open", zip}, zip + ": a PyTorch file (zip of torch.save)" + aRun},
		{[]string{"status", zip}, zip + ": a PyTorch file (zip of torch.save)" + aRun},
		{[]string{"stop", pointer}, "pointer: a pointer of Git LFS" + aRun},
		{[]string{"set", notes, "live.gen_lr=1"}, "notes.txt: a text" + aRun},
		{[]string{"sample", notes, "--now"}, "notes.txt: a text" + aRun},
		{[]string{"status", checkpoints + "twosums.safetensors"}, ": a safetensors file" + aRun + "; innate inspect, sample, fid and export read it"},
		{[]string{"start", zip}, zip + ": a PyTorch file (zip of torch.save), want CONFIG: mnist"},
		{[]string{"fid", "builtin:mnist-teacher", "--ref", zip}, "zip.pt: npz: a PyTorch file (zip of torch.save), want npz with mu and sigma"},
		{[]string{"fid", "builtin:mnist-teacher", "--features", zip}, "features: " + zip + ": got no feature network, want one of: cnn"},
	} {
		args := append(c.args, "--runs", runs)
		status, _, stderr := line(t, args...)
		if status != 1 || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("innate %s: status %d, %q; want %q in one line", strings.Join(args, " "), status, stderr, c.want)
		}
	}
}

// TestFaultModelInitByContent starts from a file of PyTorch that has no network,
// which is refused with its line.
func TestFaultModelInitByContent(t *testing.T) {
	runs := t.TempDir()
	status, _, stderr := line(t, "train", "mnist-gdd-i", "--runs", runs, "--set", "model.init="+filesOfOthers+"zip.pt")
	if want := `zip.pt: no denoiser, want one that innate wrote`; status != 1 || !strings.Contains(stderr, want) {
		t.Errorf("status %d, %q, want %q", status, stderr, want)
	}
}

// TestFaultTeacherOfOthers distills a teacher of other images, which is refused with
// its line before a run is made.
func TestFaultTeacherOfOthers(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	status, _, stderr := line(t, "start", "mnist-gdd-i", "--runs", runs, "--set", "model.init=../../models/edm/testdata/edm.pkl")
	if want := "images with 3 channels, want the data's 28x28 with 1\n"; status != 1 || !strings.Contains(stderr, "configs: ") || !strings.Contains(stderr, ": model.init: ") || !strings.Contains(stderr, want) {
		t.Errorf("status %d, %q, want %q", status, stderr, want)
	}
	if _, err := os.Stat(runs); err == nil {
		t.Error("a run was made")
	}
}

// TestFaultNoSuffix opens a safetensors file by whatever name.
func TestFaultNoSuffix(t *testing.T) {
	f, err := weights.Open("builtin:mnist-teacher")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "teacher")
	if err := checkpoint.Write(path, f); err != nil {
		t.Fatal(err)
	}
	if status, out, stderr := line(t, "inspect", path, "--runs", folder); status != 0 || !strings.Contains(out, "200 tensors") {
		t.Errorf("inspect: status %d, %s", status, stderr)
	}
	png := filepath.Join(folder, "a.png")
	if status, _, stderr := line(t, "sample", path, "--n", "1", "--steps", "1", "--out", png, "--runs", folder); status != 0 || stderr != "" {
		t.Errorf("sample: status %d, %s", status, stderr)
	}
	copied := filepath.Join(folder, "copied")
	if status, _, stderr := line(t, "export", path, copied, "--runs", folder); status != 0 {
		t.Errorf("export: status %d, %s", status, stderr)
	}
}

// TestFaultSaysWhoChanged: inspect says of a file that another program has
// changed it, and so does what uses the file.
func TestFaultSaysWhoChanged(t *testing.T) {
	resaved := checkpoints + "twosums-resaved.safetensors"
	want := "changed by another program since innate wrote it; the values are the same"
	if status, out, stderr := line(t, "inspect", "--check", resaved); status != 0 || !strings.Contains(out, want+"\n") {
		t.Errorf("inspect: status %d, %s%s, want %s", status, out, stderr, want)
	}
	_, out, _ := line(t, "inspect", "--check", resaved, "--json")
	var said struct{ Changed string }
	if err := json.Unmarshal([]byte(out), &said); err != nil || said.Changed != want {
		t.Errorf("inspect --json: %q, %v; want %s", said.Changed, err, want)
	}
	if _, out, _ := line(t, "inspect", "--check", checkpoints+"twosums.safetensors"); strings.Contains(out, "changed") {
		t.Errorf("inspect of a file as innate wrote it: %s", out)
	}
	copied := filepath.Join(t.TempDir(), "copied.safetensors")
	if status, _, stderr := line(t, "export", resaved, copied); status != 0 || stderr != "innate: "+resaved+": "+want+"\n" {
		t.Errorf("export: status %d, %q, want %s", status, stderr, want)
	}
	if _, out, _ := line(t, "inspect", "--check", copied); strings.Contains(out, "changed") {
		t.Errorf("inspect of the copy: %s", out)
	}
}

// TestFaultUnusedTypes lists types that are no numbers here.
func TestFaultUnusedTypes(t *testing.T) {
	status, out, stderr := line(t, "inspect", checkpoints+"dtypes.safetensors")
	if status != 0 || !strings.Contains(out, "float4_e2m1fn_x2                                 F4          [4 2]\n") ||
		!strings.Contains(out, "20 tensors, 160 values") {
		t.Errorf("status %d, %s%s", status, out, stderr)
	}
}

// TestFaultResumeDone resumes a run that is done: it says so and how to continue,
// leaves no trace, and does continue.
func TestFaultResumeDone(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := strings.TrimSpace(strings.SplitN(p.must("train", "tiny.toml", "--kimg", "0.08"), "\n", 2)[0])
	before, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	want := "00000-tiny is done at 0.08 of 0.08 kimg, so there is nothing to resume; " +
		"innate resume 00000-tiny --kimg N trains on to N thousand images, as a larger live.total_kimg does\n"
	if out, stderr, err := p.run("resume", "0"); err != nil || out != want || stderr != "" {
		t.Errorf("resume of a done run: %v, %q, %q; want %q", err, out, stderr, want)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "events.jsonl")); err != nil || string(after) != string(before) {
		t.Errorf("events %s after, %v; want them unchanged", after, err)
	}
	p.must("resume", "0", "--kimg", "1000")
	if s := p.trains(dir, 1); s.TotalNimg != 1_000_000 {
		t.Errorf("total %d images, want 1000000", s.TotalNimg)
	}
	p.must("pause", "0")
	p.must("resume", "0", "--kimg", "2000") // and of one with a trainer
	if s := p.trains(dir, 1); s.TotalNimg != 2_000_000 {
		t.Errorf("total %d images, want 2000000", s.TotalNimg)
	}
}

// TestFaultNoRegistryAddress: nothing in the repository names the host of a
// package registry. Which one is asked, a machine's own settings say.
func TestFaultNoRegistryAddress(t *testing.T) {
	hosts := []string{ // in two parts, so as not to find this list
		"proxy" + ".golang", "sum" + ".golang", "goproxy" + ".io", "pypi" + ".org", "python" + "hosted",
		"crates" + ".io", "npmjs" + ".", "deb" + ".debian", "archive" + ".ubuntu", "maven" + ".org", "hugging" + "face",
	}
	err := filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && (e.Name() == ".git" || e.Name() == "runs") {
			return fs.SkipDir
		}
		if !e.Type().IsRegular() {
			return nil
		}
		b, err := os.ReadFile(path)
		for _, host := range hosts {
			if strings.Contains(string(b), host) {
				t.Errorf("%s names %s", path, host)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
