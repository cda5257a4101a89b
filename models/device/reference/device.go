package reference

import (
	"fmt"
	"math"
	"time"

	"innate/models"
	"innate/models/device"
	"innate/models/graph"
)

// Device is the reference. Its zero value is ready.
type Device struct{}

var _ device.Device = Device{}

// Info names the device.
func (Device) Info() device.Info { return device.Info{Name: "reference", Kernels: "float64"} }

// Upload and Download do nothing: parameters lie on the host.
func (Device) Upload(...*models.Param) error   { return nil }
func (Device) Download(...*models.Param) error { return nil }

// Workspace is 0: nothing is shared.
func (Device) Workspace() int { return 0 }

// Packed is 0: nothing is kept.
func (Device) Packed() int { return 0 }

// MeasurePeak is 0: the device has no speed worth the name.
func (Device) MeasurePeak(time.Duration) float64 { return 0 }

// Close does nothing.
func (Device) Close() {}

// value is one tensor: row-major, in its shape.
type value struct {
	data  []float64
	shape graph.Shape
}

func newValue(s graph.Shape) value { return value{make([]float64, s.Size()), s} }

// program evaluates a plan node by node.
type program struct {
	g      *graph.Builder
	plan   *graph.Plan
	values map[graph.Node][]float32 // of outputs
	sum    device.Sum               // over processes; nil for none

	record  []graph.Node
	records []float32
}

// Compile refuses a graph with an operation that has no definition here.
func (Device) Compile(g *graph.Builder, r device.Request) (device.Program, error) {
	plan, err := graph.NewPlan(g, r.Outputs, r.Assigns, r.Keep)
	if err != nil {
		return nil, err
	}
	for _, n := range plan.Nodes {
		if op := n.Def(); op != nil && !op.Alias && definitions[op] == nil {
			return nil, fmt.Errorf("graph: compile: %s: no reference", n.Where())
		}
	}
	p := &program{g: g, plan: plan, values: map[graph.Node][]float32{}, sum: r.Sum, record: r.Record}
	for _, n := range r.Outputs {
		p.values[n] = make([]float32, n.Shape().Size())
	}
	return p, nil
}

// Run evaluates every node once.
func (p *program) Run() error {
	done := map[graph.Node]value{}
	for _, n := range p.plan.Nodes {
		op, v := n.Def(), newValue(n.Shape())
		switch {
		case op == nil:
			for i, x := range p.g.Leaf(n).Data {
				v.data[i] = float64(x)
			}
		case op.Alias:
			v.data = done[p.plan.In(n)[0]].data
		default:
			var in []value
			for _, c := range p.plan.In(n) {
				in = append(in, done[c])
			}
			definitions[op](n.Attr(), v, in)
		}
		if op != nil && op.Outside {
			if err := outside(device.Outside(n, p.sum), v.data); err != nil {
				return err
			}
		}
		done[n] = v
	}
	for n, out := range p.values {
		round(out, done[n].data)
	}
	assigned := make([][]float32, len(p.plan.Assigns))
	for i, a := range p.plan.Assigns {
		assigned[i] = make([]float32, len(a.Dst.Data))
		round(assigned[i], done[a.Src].data)
	}
	for i, a := range p.plan.Assigns {
		copy(a.Dst.Data, assigned[i])
	}
	for _, n := range p.record {
		p.records = append(p.records, p.values[n][0])
	}
	return nil
}

// outside replaces values by what change makes of them, rounded to float32.
func outside(change func([]float32) error, values []float64) error {
	all := make([]float32, len(values))
	round(all, values)
	if err := change(all); err != nil {
		return err
	}
	for i, v := range all {
		values[i] = float64(v)
	}
	return nil
}

// Records are the recorded values of the runs since it was last asked.
func (p *program) Records() []float32 {
	r := p.records
	p.records = nil
	return r
}

func round(dst []float32, x []float64) {
	for i, v := range x {
		dst[i] = float32(v)
	}
}

// Value is an output, rounded to float32.
func (p *program) Value(n graph.Node) []float32 {
	v, ok := p.values[n]
	if !ok {
		panic(fmt.Sprintf("reference: value of %v, which is not an output of this program", n))
	}
	return v
}

// Memory counts the operations alone.
func (p *program) Memory() device.Memory {
	m := device.Memory{}
	for _, n := range p.plan.Nodes {
		if n.Def() != nil && !n.Def().Alias {
			m.Operations++
		}
	}
	return m
}

// Profile and Costs know nothing: the device has no speed.
func (p *program) Profile(bool)                  {}
func (p *program) Costs() (int, []device.OpCost) { return 0, nil }

// Release drops the outputs.
func (p *program) Release() { p.values = nil }

// adam is Kingma & Ba 2015, Algorithm 1, with the corrections given.
type adam struct {
	slots     []device.AdamSlot
	squares   []device.Squares
	found     []device.AdamRecord
	measuring bool
}

// PlanAdam prepares the update of parameters by their gradients.
func (Device) PlanAdam(slots []device.AdamSlot) (device.Adam, error) {
	return &adam{slots: slots, squares: make([]device.Squares, len(slots))}, nil
}

func (a *adam) Measure() { a.measuring = true }

func (a *adam) Squares(i int) device.Squares { return a.squares[i] }

func (a *adam) Records() []device.AdamRecord {
	r := a.found
	a.found = nil
	return r
}

func (a *adam) Step(s device.AdamStep) error {
	if s.Sum != nil {
		if err := a.sum(s.Sum); err != nil {
			return err
		}
	}
	found := device.AdamRecord{}
	for i, slot := range a.slots {
		var sq device.Squares
		grad := slot.Program.Value(slot.Grad)
		corr1, corr2 := float64(s.Corr1[i]), float64(s.Corr2[i])
		for j, g32 := range grad {
			if math.IsNaN(float64(g32)) || math.IsInf(float64(g32), 0) {
				found.NonFinite++
				switch {
				case g32 > 0:
					g32 = 1e5
				case g32 < 0:
					g32 = -1e5
				default:
					g32 = 0
				}
				grad[j] = g32
			}
			g, p := float64(g32), float64(slot.Param.Data[j])
			m := s.Beta1*float64(slot.M.Data[j]) + (1-s.Beta1)*g
			v := s.Beta2*float64(slot.V.Data[j]) + (1-s.Beta2)*g*g
			next := float32(p - s.Rate(i)*(m/corr1)/(math.Sqrt(v/corr2)+s.Eps))
			slot.M.Data[j], slot.V.Data[j], slot.Param.Data[j] = float32(m), float32(v), next
			sq.Grad += g * g
			sq.Update += (float64(next) - p) * (float64(next) - p)
			sq.Weight += p * p
		}
		if !a.measuring {
			sq.Update, sq.Weight = a.squares[i].Update, a.squares[i].Weight
		}
		a.squares[i] = sq
		found.GradSquares += sq.Grad
	}
	a.measuring = false
	a.found = append(a.found, found)
	return nil
}

// sum replaces the gradients by their sums over all processes.
func (a *adam) sum(s device.Sum) error {
	var all []float32
	for _, slot := range a.slots {
		all = append(all, slot.Program.Value(slot.Grad)...)
	}
	if err := s.Sum(all); err != nil {
		return err
	}
	for _, slot := range a.slots {
		grad := slot.Program.Value(slot.Grad)
		all = all[copy(grad, all):]
	}
	return nil
}

// pairs are parameters that are averaged or compared.
type pairs struct{ a, b []*models.Param }

// PlanAverage prepares moving averages.
func (Device) PlanAverage(avg, x []*models.Param) (device.Average, error) { return pairs{avg, x}, nil }

// PlanDistance prepares a comparison.
func (Device) PlanDistance(p, q []*models.Param) (device.Distance, error) { return pairs{p, q}, nil }

func (p pairs) Update(beta float64) error {
	for i, avg := range p.a {
		for j, x := range p.b[i].Data {
			avg.Data[j] = float32(float64(x) + beta*(float64(avg.Data[j])-float64(x)))
		}
	}
	return nil
}

func (p pairs) Measure() ([]device.Squares, error) {
	sums := make([]device.Squares, len(p.a))
	for i := range p.a {
		for j, q := range p.b[i].Data {
			v := float64(p.a[i].Data[j])
			sums[i].Update += (v - float64(q)) * (v - float64(q))
			sums[i].Weight += float64(q) * float64(q)
			sums[i].Value += v * v
		}
	}
	return sums, nil
}
