package trainer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"innate/configs"
	"innate/trainer"
	"innate/trainer/control"
	"innate/trainer/run"
)

// TestMain lets the test binary be what Spawn starts, train --run DIR [HOW], and
// a program that calls Spawn, spawn DIR.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "train" && os.Args[2] == "--run" {
		how := ""
		if len(os.Args) > 4 {
			how = os.Args[4]
		}
		os.Exit(fakeTrainer(os.Args[3], how))
	}
	if len(os.Args) > 2 && os.Args[1] == "spawn" {
		os.Exit(starter(os.Args[2]))
	}
	status := m.Run()
	if trainedRuns != "" {
		os.RemoveAll(trainedRuns)
	}
	os.Exit(status)
}

// starter starts a trainer and stays, as the workbench does, until it is hung
// up: also where the tests run with that signal ignored, as under nohup.
func starter(dir string) int {
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP)
	if err := trainer.Spawn(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	select {
	case <-hangUp:
		return 1
	case <-time.After(20 * time.Second):
		return 0
	}
}

// fakeTrainer holds the lock and serves the socket until it is asked to stop.
func fakeTrainer(dir, how string) int {
	fmt.Println("fake trainer: starting")
	switch how {
	case "fail":
		fmt.Fprintln(os.Stderr, "innate: model.init: no such file")
		return 1
	case "panic":
		panic("graph: no such node")
	case "silent":
		return 3
	case "short":
		return 0
	case "deleted":
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return 1
	case "hang":
		time.Sleep(2 * time.Second)
		return 0
	}
	lock, err := run.Acquire(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer lock.Release()
	loop := &fakeLoop{stop: make(chan struct{})}
	s, err := control.Serve(dir, loop, control.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer s.Close()
	run.WriteStatus(dir, loop.Status())
	select {
	case <-loop.stop:
	case <-time.After(20 * time.Second): // no test leaves a process behind
	}
	return 0
}

type fakeLoop struct {
	once sync.Once
	stop chan struct{}
}

func (f *fakeLoop) Status() run.Status {
	return run.Status{State: run.StateRunning, PID: os.Getpid()}
}
func (f *fakeLoop) Layers() []run.Layer { return nil }
func (f *fakeLoop) Do(_ context.Context, c control.Command) error {
	if c.Kind == control.KindStop {
		f.once.Do(func() { close(f.stop) })
	}
	return nil
}

const text = "# mine\nname   = \"digits\" # a name\nmethod = \"gdd\"\n"

func create(t *testing.T) string {
	t.Helper()
	runs, err := os.MkdirTemp("", "runs") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(runs) })
	dir, err := trainer.Create(runs, text, "")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestCreate(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "deep", "runs")
	for i, want := range []string{"00000-digits", "00001-digits", "00002-other"} {
		name := ""
		if i == 2 {
			name = "other"
		}
		dir, err := trainer.Create(runs, text, name)
		if err != nil || dir != filepath.Join(runs, want) {
			t.Fatalf("got %s, %v, want %s", dir, err, want)
		}
		c, err := configs.Load(filepath.Join(dir, run.ConfigFile))
		if err != nil || "0000"+fmt.Sprint(i)+"-"+c.Name != want {
			t.Errorf("%s: config.toml names %v, %v", want, c, err)
		}
		b, _ := os.ReadFile(filepath.Join(dir, run.ConfigFile))
		if !strings.HasPrefix(string(b), "# mine\nname   = ") || !strings.Contains(string(b), "# a name") {
			t.Errorf("%s: comments are lost: %s", want, b)
		}
		for _, sub := range []string{run.SamplesDir, run.CheckpointsDir} {
			if info, err := os.Stat(filepath.Join(dir, sub)); err != nil || !info.IsDir() {
				t.Errorf("%s: %v", sub, err)
			}
		}
	}
	if err := os.Mkdir(filepath.Join(runs, "00041-junk"), 0o755); err != nil {
		t.Fatal(err)
	}
	if dir, err := trainer.Create(runs, text, ""); err != nil || filepath.Base(dir) != "00042-digits" {
		t.Errorf("got %s, %v, want number 42", dir, err)
	}
}

func TestCreateRefuses(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	for _, tt := range []struct{ text, name, want string }{
		{"method = 3\n", "", "config.toml:1: method: got 3"},
		{text, "../x", "want 1 to 64 letters"},
		{"method = \"gdd\"\n[live]\ngen_lr = 2\n", "", "config.toml:3: live.gen_lr: got 2"},
	} {
		if dir, err := trainer.Create(runs, tt.text, tt.name); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %s, %v, want %q", dir, err, tt.want)
		}
	}
	if _, err := os.Stat(runs); !os.IsNotExist(err) {
		t.Errorf("a bad configuration left %s behind", runs)
	}
}

// TestCreateAtOnce numbers runs that many start at the same moment.
func TestCreateAtOnce(t *testing.T) {
	runs := t.TempDir()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if _, err := trainer.Create(runs, text, fmt.Sprintf("run%d", i%4)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list, err := run.List(runs)
	if err != nil || len(list) != 8 {
		t.Fatalf("got %d runs, %v, want 8", len(list), err)
	}
	seen := map[int]bool{}
	for _, info := range list {
		n, _ := run.Number(info.Name)
		if seen[n] {
			t.Errorf("number %d is used twice", n)
		}
		seen[n] = true
	}
}

func TestCreateAt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "x", "mine")
	if err := trainer.CreateAt(dir, text, ""); err != nil || !run.IsRun(dir) {
		t.Fatal(err)
	}
	if err := trainer.CreateAt(dir, text, ""); err == nil || !strings.Contains(err.Error(), "a run already") {
		t.Errorf("got %v", err)
	}
}

func TestLock(t *testing.T) {
	dir := create(t)
	lock, err := run.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = run.Acquire(dir)
	want := fmt.Sprintf("run: %s: already running as pid %d", filepath.Base(dir), os.Getpid())
	if !errors.Is(err, run.ErrRunning) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if info, err := run.ReadInfo(dir); err != nil || !info.Alive || info.Status.PID != os.Getpid() {
		t.Errorf("got %+v, %v, want it alive", info, err)
	}
	if err := trainer.Spawn(within(t), dir); !errors.Is(err, run.ErrRunning) {
		t.Errorf("spawn: got %v, want ErrRunning", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if info, err := run.ReadInfo(dir); err != nil || info.Alive {
		t.Errorf("got %+v, %v, want it free", info, err)
	}
	if lock, err = run.Acquire(dir); err != nil {
		t.Fatal(err)
	}
	lock.Release()
	if _, err := run.Acquire(filepath.Join(dir, "none")); err == nil {
		t.Error("got a lock in a directory that does not exist")
	}
}

// TestLockAmongReaders acquires while readers look whether the run is alive.
func TestLockAmongReaders(t *testing.T) {
	dir := create(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if _, err := run.ReadInfo(dir); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	for range 20 {
		lock, err := run.Acquire(dir)
		if err != nil {
			t.Error(err)
			break
		}
		lock.Release()
	}
	close(stop)
	wg.Wait()
}

func TestSpawn(t *testing.T) {
	dir, ctx := create(t), within(t)
	if err := trainer.Spawn(ctx, dir); err != nil {
		t.Fatal(err)
	}
	info, err := run.ReadInfo(dir)
	if err != nil || !info.Alive {
		t.Fatalf("got %+v, %v, want it alive", info, err)
	}
	client := control.NewClient(dir)
	st, err := client.Status(ctx)
	if err != nil || st.PID == os.Getpid() {
		t.Fatalf("got pid %d, %v, want another process", st.PID, err)
	}
	if sid, err := unix.Getsid(st.PID); err != nil || sid != st.PID {
		t.Errorf("got session %d, %v, want one of its own, %d", sid, err, st.PID)
	}
	if err := trainer.Spawn(ctx, dir); !errors.Is(err, run.ErrRunning) {
		t.Errorf("second: got %v, want ErrRunning", err)
	}
	if _, err := client.Stop(ctx); err != nil {
		t.Error(err)
	}
	if err := run.AwaitExit(ctx, dir); err != nil {
		t.Error(err)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, run.LogFile)); !strings.Contains(string(b), "fake trainer: starting") {
		t.Errorf("trainer.log: got %q", b)
	}
}

// TestSpawnAfterKill leaves a stale socket and heartbeat, and starts again.
func TestSpawnAfterKill(t *testing.T) {
	dir, ctx := create(t), within(t)
	if err := trainer.Spawn(ctx, dir); err != nil {
		t.Fatal(err)
	}
	st, err := control.NewClient(dir).Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.WriteStatus(dir, st); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(st.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := run.AwaitExit(ctx, dir); err != nil {
		t.Fatal(err)
	}
	if info, err := run.ReadInfo(dir); err != nil || info.Status.State != run.StateDead {
		t.Errorf("got %q, %v, want dead", info.Status.State, err)
	}
	if err := trainer.Spawn(ctx, dir); err != nil {
		t.Fatal(err)
	}
	if _, err := control.NewClient(dir).Stop(ctx); err != nil {
		t.Error(err)
	}
	if err := run.AwaitExit(ctx, dir); err != nil {
		t.Error(err)
	}
}

func TestSpawnFails(t *testing.T) {
	dir := create(t)
	if err := os.WriteFile(filepath.Join(dir, run.LogFile), []byte("panic: of last week\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for how, want := range map[string]string{
		"fail":   "ended while starting: fake trainer: starting | model.init: no such file",
		"panic":  "ended while starting: panic: graph: no such node",
		"silent": "ended while starting: fake trainer: starting",
	} {
		err := trainer.Spawn(within(t), dir, how)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q", how, err, want)
		}
	}
	if err := trainer.Spawn(within(t), create(t), "deleted"); err == nil || !strings.HasSuffix(err.Error(), "deleted while its trainer was starting") {
		t.Errorf("deleted: got %v", err)
	}
	if err := trainer.Spawn(within(t), dir, "short"); err != nil {
		t.Errorf("a run that ends at once: %v", err)
	}
	if err := trainer.Spawn(within(t), filepath.Join(dir, "none")); err == nil {
		t.Error("got no error for a directory that does not exist")
	}
}

func TestSpawnDeadline(t *testing.T) {
	dir := create(t)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	err := trainer.Spawn(ctx, dir, "hang")
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), run.LogFile) {
		t.Errorf("got %v, want the deadline and where to look", err)
	}
}

// TestSpawnTwiceAtOnce lets one of two start.
func TestSpawnTwiceAtOnce(t *testing.T) {
	dir, ctx := create(t), within(t)
	errs := make(chan error, 2)
	for range 2 {
		go func() { errs <- trainer.Spawn(ctx, dir) }()
	}
	var failed []error
	for range 2 {
		if err := <-errs; err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) != 1 || !strings.Contains(failed[0].Error(), "already running") {
		t.Errorf("got %v, want one to fail because the other runs", failed)
	}
	if _, err := control.NewClient(dir).Stop(ctx); err != nil {
		t.Error(err)
	}
	if err := run.AwaitExit(ctx, dir); err != nil {
		t.Error(err)
	}
}
