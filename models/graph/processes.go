package graph

// OpSumProcesses: x to the sum of every process's x, in all processes that run the
// graph together. A device's own part of it is a copy; a program adds the others'
// (device.Request.Sum). What a process gives goes into every process's cost, so that
// the gradient of x is the sum of the gradients that all processes have of the result:
// the operation is its own adjoint, any number of times.
//
// It waits for the other processes, which have to come to it in the same order. They
// do where they run programs of the same graph and the same outputs.
var OpSumProcesses *Def

func init() {
	OpSumProcesses = register(&Def{Name: "sum_processes", Shape: sameShape, InPlace: 1, Outside: true,
		Grad: func(g *Builder, c Call, dy Node, _ []bool) []Node { return []Node{g.Apply(OpSumProcesses, nil, dy)} }})
}

// SumProcesses is the sum of x over so many processes; x itself for one.
func (g *Builder) SumProcesses(x Node, processes int) Node {
	if processes <= 1 {
		return x
	}
	return g.Apply(OpSumProcesses, nil, x)
}
