//go:build (amd64 || arm64) && !static

package torch

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"innate/models/device"
	"innate/models/torch/libtorch"
	"innate/models/torch/nccl"
)

// collective adds up over processes on their GPUs, by NCCL.
//
// A sum is queued on the stream that everything else of an update is queued on: the
// host does not wait for it. None is part of a CUDA graph, as updates are not captured;
// the mode of a capture lets NCCL's own threads do as they like meanwhile.
//
// A process that is gone leaves the others' GPUs waiting in the sum, and with them
// everything that waits for a stream. So the thread that has joined stays to watch:
// when the group of processes is lost, it aborts, and what waits returns. The values
// are then worth nothing, but every reader of them asks the group first.
type collective struct {
	comm  *nccl.Comm
	peers device.Peers
	ended atomic.Bool // by an abort: the handle is no more
	leave chan struct{}
	left  chan struct{}
}

// Times of a collective.
const (
	watchEvery  = time.Second      // errors of NCCL's own
	leaveWithin = 10 * time.Second // for others to end, too
)

// collective is how the device adds up with others; nil where the host's memory is
// the way: on the processor, and where not every process has the same NCCL, which a
// note says. It is found out at the first sum, to which all processes come together.
func (d *Device) collective(s device.Sum) (*collective, error) {
	peers, ok := s.(device.Peers)
	if d.lib.Device.Kind != libtorch.CUDA || !ok {
		return nil, nil
	}
	if d.joined {
		return d.across, nil
	}
	var err error
	d.across, err = d.join(peers)
	d.joined = err == nil
	return d.across, err
}

// NCCL says which library GPUs would add up by over processes, and where it is; else
// what to do about it.
func NCCL(getenv func(string) string) (string, error) {
	in, err := libtorch.Find(getenv)
	if err != nil {
		return "", err
	}
	library, err := nccl.Load(in.Dir, getenv)
	switch {
	case err == nil:
		return fmt.Sprintf("%s in %s", library.Name(), library.Path()), nil
	case getenv(nccl.Variable) != "":
		return "", err
	}
	return "", fmt.Errorf("%w: pip install nvidia-nccl-cu%s beside PyTorch, or let %s name the library", err, strings.Split(in.CUDA, ".")[0], nccl.Variable)
}

// join makes the device's collective with all others; nil if one lacks the library.
func (d *Device) join(peers device.Peers) (*collective, error) {
	library, missing := nccl.Load(d.lib.Dir, d.getenv)
	name := ""
	if missing == nil {
		name = library.Name()
	}
	all, err := peers.Agree(name)
	if err != nil {
		return nil, err
	}
	if !all {
		if missing == nil {
			missing = fmt.Errorf("nccl: %s here, not so in every process", name)
		}
		d.note(fmt.Sprintf("%v: gradients are added up in the host's memory", missing))
		return nil, nil
	}
	var id []byte
	if peers.Rank() == 0 {
		if id, err = library.NewID(); err != nil {
			return nil, err
		}
	}
	if id, err = peers.Share(id); err != nil {
		return nil, err
	}
	c := &collective{peers: peers, leave: make(chan struct{}), left: make(chan struct{})}
	joined := make(chan error, 1)
	go c.keep(joined, func() (*nccl.Comm, error) {
		if err := d.lib.SetThreadDevice(); err != nil {
			return nil, err
		}
		return library.Join(id, peers.Rank(), peers.Size())
	})
	select {
	case err = <-joined:
	case <-peers.Lost(): // who waits in Join for one that is gone waits for ever
		err = peers.Err()
	}
	if err != nil {
		return nil, err
	}
	d.note(fmt.Sprintf("gradients are added up by %s, on the GPUs", name))
	return c, nil
}

// keep joins, watches and ends in one thread, whose current GPU is the device's. The
// thread ends with it.
func (c *collective) keep(joined chan<- error, join func() (*nccl.Comm, error)) {
	runtime.LockOSThread()
	defer close(c.left)
	var err error
	c.comm, err = join()
	joined <- err
	if err != nil {
		return
	}
	watch := time.NewTicker(watchEvery)
	defer watch.Stop()
	for {
		select {
		case <-c.leave:
			_ = c.comm.Close() // the training is over, whatever it says
			return
		case <-c.peers.Lost():
			c.ended.Store(true)
			_ = c.comm.Abort() // why, the group says
			return
		case <-watch.C:
			if err := c.comm.Check(); err != nil {
				c.peers.Fail(err)
			}
		}
	}
}

// sum queues the sum of a tensor's n values, which are contiguous, over all processes.
// It is for the device's thread.
func (c *collective) sum(l *libtorch.Lib, t tensor, n int) error {
	address, stream := l.Address(t), l.Current()
	if !l.OK() {
		return nil // which the caller finds
	}
	if c.ended.Load() {
		return c.peers.Err()
	}
	return c.comm.Sum(address, n, uintptr(stream))
}

// end leaves the others, who leave, too, or are lost.
func (c *collective) end() {
	close(c.leave)
	select {
	case <-c.left:
	case <-time.After(leaveWithin):
	}
}
