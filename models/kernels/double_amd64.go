//go:build amd64 && !purego

package kernels

import "unsafe"

func doubleTileOfAVX2(t *doubleTile)   { doubleTileAVX2((*uint64)(unsafe.Pointer(t))) }
func doubleTileOfAVX512(t *doubleTile) { doubleTileAVX512((*uint64)(unsafe.Pointer(t))) }

func symmetricRowsOfAVX2(t *symmetricRows)   { symmetricRowsAVX2((*uint64)(unsafe.Pointer(t))) }
func symmetricRowsOfAVX512(t *symmetricRows) { symmetricRowsAVX512((*uint64)(unsafe.Pointer(t))) }
