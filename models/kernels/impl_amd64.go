//go:build amd64 && !purego

package kernels

//go:generate ./_asm/regen.sh

import "golang.org/x/sys/cpu"

// assembly lists the assembly implementations that this CPU can run, the fastest
// first.
func assembly() []*impl {
	var list []*impl
	x := &cpu.X86
	if x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL {
		list = append(list, &avx512)
	}
	if x.HasAVX2 && x.HasFMA {
		list = append(list, &avx2)
	}
	return list
}
