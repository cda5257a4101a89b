package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/models/checkpoint"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// TestTogetherLosesOne trains with two processes of --procs and kills the second: the
// run fails within seconds, says who is gone, and two go on from its checkpoint until a
// signal to the second ends the run for both.
func TestTogetherLosesOne(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := p.start("--procs", "2")
	s := p.until(dir, "a checkpoint", func(s run.Status) bool { return s.CheckpointNimg > 0 && len(s.Ranks) == 2 })
	if _, err := os.Stat(filepath.Join(dir, run.RanksFile)); err == nil {
		t.Errorf("%s is left", run.RanksFile)
	}
	check(t, syscall.Kill(s.Ranks[1].PID, syscall.SIGKILL))
	start := time.Now()
	s = p.until(dir, "the end", func(s run.Status) bool { return s.State == run.StateFailed })
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the end came after %v", took)
	}
	if !strings.Contains(s.Error, "rank 1 (pid") || !strings.Contains(s.Error, "is gone") {
		t.Errorf("the run failed of %q, want that rank 1 is gone", s.Error)
	}

	p.must("resume", dir)
	s = p.trains(dir, 40)
	check(t, syscall.Kill(s.Ranks[1].PID, syscall.SIGTERM))
	p.until(dir, "the end by a signal", func(s run.Status) bool { return s.State == run.StateStopped })
	history, err := runlog.ReadAll(dir)
	check(t, err)
	last := history.Events[len(history.Events)-1]
	if last.Kind != runlog.Stop || !strings.Contains(last.Text, "by SIGTERM at rank 1") {
		t.Errorf("the last event is %q, want a stop by the signal of rank 1", last.Text)
	}
}

// until waits for a status.
func (p *program) until(dir, what string, ok func(run.Status) bool) (s run.Status) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if s = p.status(dir); ok(s) {
			return s
		}
	}
	said, _ := os.ReadFile(filepath.Join(dir, run.LogFile))
	p.t.Fatalf("waited a minute for %s; status %+v\n%s", what, s, said)
	return s
}

// TestTogetherByMPI trains with two processes of mpiexec, whose MPI adds up, and with
// two of --procs: the same tensors to the last bit, as a sum of two has one order.
func TestTogetherByMPI(t *testing.T) {
	mpiexec, err := exec.LookPath("mpiexec")
	if err != nil {
		t.Skip("no mpiexec: install openmpi-bin or mpich")
	}
	t.Parallel()
	p := newProgram(t)
	of := map[string]*checkpoint.File{}
	short := []string{"train", "tiny.toml", "--kimg", "0.04", "--threads", "1", "--out"}
	for _, by := range []string{"mpi", "procs"} {
		cmd := p.command(append(short, by, "--procs", "2")...)
		if by == "mpi" {
			cmd = exec.CommandContext(t.Context(), mpiexec, append([]string{"-n", "2", os.Args[0]}, append(short, by)...)...)
			cmd.Env = append(p.env, "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "OMPI_MCA_rmaps_base_oversubscribe=1")
			cmd.Dir = filepath.Dir(p.runs)
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", by, err, out)
		}
		if want := map[string]string{"mpi": "MPI", "procs": "TCP"}[by]; !strings.Contains(string(out), "gradients added up by ") || !strings.Contains(string(out), want) {
			t.Errorf("%s says %s, want that gradients are added up by %s", by, out, want)
		}
		of[by], err = checkpoint.Read(filepath.Join(filepath.Dir(p.runs), by, run.CheckpointsDir, run.CheckpointFile(40)))
		check(t, err)
	}
	sameTensors(t, of["mpi"], of["procs"])
}

// sameTensors holds every tensor of a checkpoint against another's, bit for bit.
func sameTensors(t *testing.T, got, want *checkpoint.File) {
	t.Helper()
	for _, a := range got.Tensors() {
		b, err := want.Tensor(a.Name)
		check(t, err)
		x, err := a.Float32s()
		check(t, err)
		y, err := b.Float32s()
		check(t, err)
		if !slices.Equal(x, y) {
			t.Errorf("%s differs between %s and %s", a.Name, got.Path, want.Path)
		}
	}
}

// TestTogetherByTorchrun trains with two processes that have the environment which
// torchrun gives its workers, the second of them started first, and with two of --procs:
// the same tensors to the last bit. The run knows who started it.
func TestTogetherByTorchrun(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	args := []string{"train", "tiny.toml", "--kimg", "0.04", "--threads", "1", "--out"}
	var cmds [2]*exec.Cmd
	var outs [2]strings.Builder
	for _, rank := range []int{1, 0} {
		cmd := p.command(append(args, "torchrun")...)
		cmd.Env = append(p.env, fmt.Sprint("RANK=", rank), fmt.Sprint("LOCAL_RANK=", rank), "WORLD_SIZE=2", "LOCAL_WORLD_SIZE=2",
			"GROUP_RANK=0", "GROUP_WORLD_SIZE=1", fmt.Sprint("ROLE_RANK=", rank), "ROLE_WORLD_SIZE=2", "ROLE_NAME=default", "OMP_NUM_THREADS=1",
			"MASTER_ADDR=127.0.0.1", "MASTER_PORT=29500", "TORCHELASTIC_RUN_ID=none", "TORCHELASTIC_RESTART_COUNT=0", "TORCHELASTIC_MAX_RESTARTS=0")
		cmd.Stdout, cmd.Stderr = &outs[rank], &outs[rank]
		check(t, cmd.Start())
		cmds[rank] = cmd
	}
	for rank, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Fatalf("rank %d: %v\n%s", rank, err, outs[rank].String())
		}
	}
	if said := outs[0].String(); !strings.Contains(said, "2 processes, gradients added up by TCP: rank 0 (pid ") {
		t.Errorf("rank 0 says %s, want that two train", said)
	}
	if out, err := p.command(append(args, "procs", "--procs", "2")...).CombinedOutput(); err != nil {
		t.Fatalf("--procs: %v\n%s", err, out)
	}
	var files []*checkpoint.File
	for _, by := range []string{"torchrun", "procs"} {
		f, err := checkpoint.Read(filepath.Join(filepath.Dir(p.runs), by, run.CheckpointsDir, run.CheckpointFile(40)))
		check(t, err)
		files = append(files, f)
	}
	sameTensors(t, files[0], files[1])
}
