package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"innate/configs"
	"innate/trainer"
	"innate/trainer/loop"
	"innate/trainer/ranks"
	"innate/trainer/ranks/mpi"
	"innate/trainer/run"
)

// place is where this process stands among those that train together.
func (c *cli) place() (ranks.Place, error) { return ranks.FromEnv(c.getenv) }

// join has this process follow rank 0 of a run, in the directory that rank 0 makes or
// of the run that it resumes, until that ends.
func join(ctx context.Context, c *cli, place ranks.Place, dir, resumed string, asks <-chan os.Signal) error {
	if resumed != "" {
		var err error
		if dir, err = find(c.runs, resumed); err != nil {
			return err
		}
	}
	if cfg, err := configs.Load(filepath.Join(dir, run.ConfigFile)); err == nil { // rank 0 may still have to make it
		if err := trainer.Renice(cfg.Run.Nice); err != nil {
			fmt.Fprintln(c.err, err)
		}
	}
	loop.CollectOften(c.getenv)
	group, err := meet(ctx, c, place, dir)
	if err != nil {
		return err
	}
	return loop.Follow(ctx, loop.Options{Dir: dir, Log: c.err, Checkpoint: asks, Ranks: group})
}

// gather brings those together who train the run in dir, whose rank 0 this is: those
// of a launcher, or processes that it starts itself, as many as run.procs says. It
// returns nil for a process alone. Done is to be called when the run is over.
func gather(ctx context.Context, c *cli, place ranks.Place, dir string) (group *ranks.Group, done func(), err error) {
	if place.Together() {
		group, err = meet(ctx, c, place, dir)
		return group, func() {}, err
	}
	cfg, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	if err != nil || cfg.Run.Procs == 1 {
		return nil, func() {}, nil // what is wrong, the trainer notes in the run
	}
	others := &others{dir: dir, launch: fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano())}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := others.start(c, cfg.Run.Procs, cancel); err != nil {
		others.end()
		return nil, nil, err
	}
	if group, err = meet(ctx, c, ranks.Own(cfg.Run.Procs, others.launch), dir); err != nil {
		others.end()
		return nil, nil, err
	}
	return group, others.end, nil
}

// meet is ranks.Meet for processes of this build.
func meet(ctx context.Context, c *cli, place ranks.Place, dir string) (*ranks.Group, error) {
	b := thisBuild()
	group, err := ranks.Meet(ctx, place, dir, cmp.Or(b.Commit, b.Version), func(text string) { fmt.Fprintln(c.err, text) })
	if err != nil {
		return nil, err
	}
	if err := useMPI(c, group); err != nil {
		group.Fail(err)
		return nil, err
	}
	return group, nil
}

// useMPI has sums done by the MPI whose launcher started the processes, if all of them
// find the same one; otherwise by their connections.
func useMPI(c *cli, group *ranks.Group) error {
	place := group.Place()
	if !place.ByMPI() || c.getenv(mpi.Variable) == mpi.Off {
		return nil
	}
	name := ""
	library, err := mpi.Load(c.getenv)
	if err == nil {
		name = library.Name()
	} else if place.Leads() {
		fmt.Fprintf(c.err, "%v; gradients are added up over TCP\n", err)
	}
	if all, err := group.Agree(name); !all || err != nil {
		return err
	}
	return group.Use(func() (ranks.Adder, error) { return library.Init(place) })
}

// others are the processes that rank 0 has started on this machine.
type others struct {
	dir, launch string
	started     []*exec.Cmd
	ended       sync.WaitGroup
}

// start starts all but rank 0. One that ends before it has joined cancels the meeting.
func (o *others) start(c *cli, n int, cancel context.CancelCauseFunc) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for rank := 1; rank < n; rank++ {
		cmd := exec.Command(exe, "train", "--run", o.dir)
		cmd.Env = append(os.Environ(), ranks.Env(rank, n, o.launch)...)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		// In a group of its own it gets no Ctrl-C of the terminal: rank 0 passes on what
		// is meant for the run.
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("train: rank %d: %w", rank, err)
		}
		o.started = append(o.started, cmd)
		o.ended.Go(func() {
			err := cmd.Wait()
			cancel(fmt.Errorf("the process of rank %d has ended: %w", rank, cmp.Or(err, errors.New("exit status 0"))))
		})
	}
	return nil
}

// othersEndIn is how long processes may take to end when their group has.
const othersEndIn = 10 * time.Second

// end waits for the processes, and kills those that do not end by themselves.
func (o *others) end() {
	late := time.AfterFunc(othersEndIn, func() {
		for _, cmd := range o.started {
			_ = cmd.Process.Kill()
		}
	})
	defer late.Stop()
	o.ended.Wait()
}
