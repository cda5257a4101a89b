package main

import (
	"strings"

	"github.com/spf13/cobra"

	"innate/models/precond"
	"innate/trainer/data"
	"innate/trainer/loop"
)

// solverFlags say how a diffusion model's images come of noise, where it is not
// EDM's own deterministic way.
type solverFlags struct {
	choices map[string]*string // solver, discretization, schedule, scaling; "" where not said
	churn   precond.Churn
}

// solverChoices are the flags of the study in EDM's Table 1, with what EDM chose.
var solverChoices = []struct {
	name, chosen, usage string
	of                  []string
}{
	{"solver", "heun", "`method` of integration", precond.Solvers},
	{"discretization", "edm", "`paper` whose noise levels the steps stop at", precond.Discretizations},
	{"schedule", "linear", "`growth` of the noise level with time", precond.Schedules},
	{"scaling", "none", "`scale` of the image under noise", precond.Scalings},
}

func newSolverFlags(cmd *cobra.Command) *solverFlags {
	f := cmd.Flags()
	s := &solverFlags{choices: map[string]*string{}}
	for _, c := range solverChoices {
		s.choices[c.name] = f.String(c.name, "", c.usage+": "+strings.Join(c.of, " | ")+"; default: "+c.chosen)
		complete(cmd, c.name, cobra.FixedCompletions(c.of, cobra.ShellCompDirectiveNoFileComp))
	}
	f.Float64Var(&s.churn.Amount, "churn", 0, "`amount` of noise added over all steps (S_churn)")
	f.Float64Var(&s.churn.Min, "churn-min", 0, "smallest noise `level` to which some is added (S_min)")
	f.Float64Var(&s.churn.Max, "churn-max", 0, "largest such `level`; 0: any (S_max)")
	f.Float64Var(&s.churn.Noise, "churn-noise", 1, "`deviation` of what is added (S_noise)")
	return s
}

// said reports whether a flag asks for another way than EDM's own.
func (s *solverFlags) said() bool {
	for _, choice := range s.choices {
		if *choice != "" {
			return true
		}
	}
	return false
}

// generate makes images of latents, the first of seed, in so many steps.
func (s *solverFlags) generate(sampler *precond.Sampler, l *loop.Latents, seed uint64, steps int, images []float32) error {
	if !(s.churn.Amount >= 0 && s.churn.Min >= 0 && s.churn.Max >= 0 && s.churn.Noise >= 0) {
		return usagef("sample --churn: got %v from %v to %v times %v, want none below 0", s.churn.Amount, s.churn.Min, s.churn.Max, s.churn.Noise)
	}
	churn := s.churn
	churn.Draw = func(first, step int, dst []float32) {
		data.ImageChurn(seed+uint64(first), step, sampler.Pixels(), dst)
	}
	switch {
	case s.said():
		a := precond.Ablation{Steps: steps, Alpha: 1, Churn: churn}
		for i, to := range []*string{&a.Solver, &a.Discretization, &a.Schedule, &a.Scaling} {
			c := solverChoices[i]
			if *to = *s.choices[c.name]; *to == "" {
				*to = c.chosen
			}
		}
		if err := a.Validate(); err != nil {
			return usagef("sample: %s", strings.TrimPrefix(err.Error(), "precond: "))
		}
		return sampler.Ablate(l.Z, a, l.Labels, images)
	case churn.Amount > 0:
		return sampler.HeunChurn(l.Z, steps, churn, l.Labels, images)
	}
	return l.Generate(sampler, steps, images)
}
