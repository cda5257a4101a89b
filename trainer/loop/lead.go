package loop

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"
	"unsafe"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/device"
	"innate/trainer/data"
	"innate/trainer/method"
	"innate/trainer/ranks"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// Where several processes train a run together (package ranks), this loop is rank 0's.
// It is what it is for one process, and has the others do with it what changes the
// weights. Each order is a letter and what belongs to it; they come in the order in
// which the leader does the same itself. Everything else, such as evaluations, samples
// and pauses, they sleep through.
const (
	orderBegin   = 'b' // build what trains: beginning
	orderRestore = 'r' // resume from a checkpoint: restoring
	orderConfig  = 'c' // the text of a configuration that was adopted
	orderStep    = 's' // train on the next batch
	orderRule    = 'f' // freeze and thaw what the rule has decided: run.Ruled
	orderScalars = 't' // answer with the scalars since the last time: map[string]run.Sum
	orderVerify  = 'v' // answer with what must be equal in all: account
	orderEnd     = 'e' // the run has ended
)

// beginning is what the others build from; Checkpoint is "" for a run that begins.
type beginning struct {
	Config     string `json:"config"`
	Checkpoint string `json:"checkpoint"`
}

// restoring is a checkpoint and what the random streams and the data order are
// restarted with; Seed is nil where they continue.
type restoring struct {
	Checkpoint string  `json:"checkpoint"`
	Seed       *uint64 `json:"seed"`
}

// What followers ask for, before the name of the signal that they got.
const (
	askEnd        = "end "
	askCheckpoint = "checkpoint "
)

// order has the other processes do something.
func (l *Loop) order(kind byte, what any) error {
	if l.ranks == nil {
		return nil
	}
	message := []byte{kind}
	switch what := what.(type) {
	case nil:
	case string:
		message = append(message, what...)
	default:
		b, err := json.Marshal(what)
		if err != nil {
			return fmt.Errorf("loop: %w", err)
		}
		message = append(message, b...)
	}
	return l.ranks.Tell(message)
}

// stepOrder is sent before every step, and made once.
var stepOrder = []byte{orderStep}

// orderStep has the other processes make a step with this one.
func (l *Loop) orderStep() error {
	if l.ranks == nil || !l.ranks.Place().Leads() {
		return nil
	}
	return l.ranks.Tell(stepOrder)
}

// lost is closed when another process is; nil, which never is, for one alone.
func (l *Loop) lost() <-chan struct{} {
	if l.ranks == nil {
		return nil
	}
	return l.ranks.Lost()
}

// lostPeer is why the other processes are lost; nil while they are not.
func (l *Loop) lostPeer() error {
	if l.ranks == nil {
		return nil
	}
	return l.ranks.Err()
}

// dismiss ends the other processes: well, or with the reason of this one.
func dismiss(g *ranks.Group, err error) {
	switch {
	case g == nil:
	case err != nil:
		g.Fail(err)
	default:
		g.Finish([]byte{orderEnd})
	}
}

// heedOthers passes on what followers ask for, until ctx ends: a launcher such as
// srun sends its signals to all processes, and any may be the one that gets it first.
func (l *Loop) heedOthers(ctx context.Context, end context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-l.ranks.Asks():
			if name, ok := strings.CutPrefix(a.What, askEnd); ok {
				fmt.Fprintf(l.out, "%s at %v: the run ends after a checkpoint\n", name, a.From)
				end(fmt.Errorf("%s at %v", name, a.From))
			} else if name, ok := strings.CutPrefix(a.What, askCheckpoint); ok {
				l.askCheckpoint(ctx, fmt.Sprintf("%s at %v", name, a.From))
			}
		}
	}
}

// gatherScalars adds to the scalars since the last tick those of the other processes,
// in the order of their ranks. It is done at every tick and for every checkpoint, so
// that a resumed run adds up in the same order.
func (l *Loop) gatherScalars() error {
	l.method.Collect(l.scalars) // waits for steps that are not done
	if l.ranks == nil {
		return nil
	}
	if err := l.order(orderScalars, nil); err != nil {
		return err
	}
	answers, err := l.ranks.Answers()
	if err != nil {
		return err
	}
	for i, b := range answers {
		var theirs map[string]run.Sum
		if err := json.Unmarshal(b, &theirs); err != nil {
			return fmt.Errorf("loop: scalars of %v: %w", l.ranks.Members()[i+1], err)
		}
		for name, v := range theirs {
			l.scalars.Sum[name] += float64(v.Sum)
			l.scalars.Count[name] += v.Count
		}
	}
	return nil
}

// account is what must be the same in all processes, and what should.
type account struct {
	Kernels string            `json:"kernels"`
	Sums    map[string]uint32 `json:"sums"` // CRC-32C of every network of the method that is not the process's own
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// account sums up the networks of this process.
func (l *Loop) account() (account, error) {
	a := account{Kernels: l.dev.Info().Kernels, Sums: map[string]uint32{}}
	for _, part := range l.method.Parts() {
		if err := l.dev.Download(part.Params.All()...); err != nil {
			return a, err
		}
		a.Sums[part.Name] = sumOf(part.Params)
	}
	return a, nil
}

func sumOf(set *models.ParamSet) (sum uint32) {
	for _, p := range set.All() {
		sum = crc32.Update(sum, castagnoli, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(p.Data))), 4*len(p.Data)))
	}
	return sum
}

// verify compares the networks of all processes, which every step changes alike: one
// whose weights are others has not had the same inputs, or its memory fails. Such a
// run writes no checkpoint any more.
func (l *Loop) verify() error {
	if l.ranks == nil {
		return nil
	}
	if err := l.order(orderVerify, nil); err != nil {
		return err
	}
	ours, err := l.account()
	if err != nil {
		return err
	}
	answers, err := l.ranks.Answers()
	if err != nil {
		return err
	}
	for i, b := range answers {
		var theirs account
		of := l.ranks.Members()[i+1]
		if err := json.Unmarshal(b, &theirs); err != nil {
			return fmt.Errorf("loop: %v: %w", of, err)
		}
		for _, part := range l.method.Parts() {
			if sum, has := theirs.Sums[part.Name]; has && sum != ours.Sums[part.Name] {
				return fmt.Errorf("loop: the weights of %s are others on %v than on rank 0, want the same: "+
					"all processes need the same files, program and kind of processor", part.Name, of)
			}
		}
		if theirs.Kernels != ours.Kernels {
			l.once(&l.mixed, fmt.Sprintf("%v computes with %s, rank 0 with %s: their weights may come to differ, which ends the run", of, theirs.Kernels, ours.Kernels))
		}
	}
	return nil
}

// once makes a text an event unless it was the last one.
func (l *Loop) once(last *string, text string) {
	if *last != text {
		*last = text
		l.event(runlog.Error, text, nil)
	}
}

// shareOf is the part of every batch that a process trains on.
func shareOf(g *ranks.Group) data.Share {
	if g == nil {
		return data.Share{}
	}
	p := g.Place()
	return data.Share{Rank: p.Rank, Size: p.Size}
}

var _ device.Peers = (*ranks.Group)(nil)

// sumOfGradients is how gradients are added up; nil for a process alone.
func (l *Loop) sumOfGradients() device.Sum {
	if l.ranks == nil {
		return nil // and not a nil *ranks.Group
	}
	return l.ranks
}

// processes is how many train the run.
func (l *Loop) processes() int { return max(1, shareOf(l.ranks).Size) }

// beginTogether has the other processes build what trains, from a checkpoint or none.
func (l *Loop) beginTogether(from *checkpoint.File) error {
	if l.ranks == nil {
		return nil
	}
	if err := method.CheckShares(l.cfg, l.processes()); err != nil {
		return err
	}
	b := beginning{Config: l.text}
	if from != nil {
		b.Checkpoint = from.Path
	}
	return l.order(orderBegin, b)
}

// announceProcesses notes who trains, and that the bits to come are not those of the
// number of processes that wrote the checkpoint from which the run resumes.
func (l *Loop) announceProcesses(from *checkpoint.File) {
	before, now := l.processes(), l.processes()
	if from != nil {
		if p, err := run.ReadProgress(from.Metadata); err == nil {
			before = max(1, p.Processes)
		}
	}
	if before != now {
		l.event(runlog.Config, fmt.Sprintf("processes: %d → %d: what follows is not the bits that %d would have computed", before, now, before), nil)
	}
	if l.ranks == nil {
		return
	}
	var names []string
	for _, m := range l.ranks.Members() {
		names = append(names, m.String())
	}
	l.event(runlog.Machine, fmt.Sprintf("%d processes, gradients added up by %s: %s", len(names), l.ranks.AddsBy(), strings.Join(names, ", ")), nil)
}

// statusRanks are the processes as status says them; nil for one alone.
func (l *Loop) statusRanks() (list []run.Rank) {
	if l.ranks == nil {
		return nil
	}
	for _, m := range l.ranks.Members() {
		list = append(list, run.Rank{Rank: m.Rank, Host: m.Host, PID: m.PID})
	}
	return list
}

// scalarsToGive are what a follower answers with. What all have measured alike, and
// is counted, is the leader's.
func scalarsToGive(s *method.Scalars) map[string]run.Sum {
	give := map[string]run.Sum{}
	for name, v := range s.Sum {
		if name != method.NonFiniteGrads {
			give[name] = run.Sum{Sum: run.Exact(v), Count: s.Count[name]}
		}
	}
	return give
}
