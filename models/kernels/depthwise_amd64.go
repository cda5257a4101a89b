//go:build amd64 && !purego

package kernels

import "unsafe"

func depthTileAVX2(t *depthTile, rows int) {
	p := (*uint64)(unsafe.Pointer(t))
	switch rows {
	case 1:
		depthTile1AVX2(p)
	case 2:
		depthTile2AVX2(p)
	case 3:
		depthTile3AVX2(p)
	default:
		depthTile4AVX2(p)
	}
}

func depthTileAVX512(t *depthTile, rows int) {
	p := (*uint64)(unsafe.Pointer(t))
	switch rows {
	case 1:
		depthTile1AVX512(p)
	case 2:
		depthTile2AVX512(p)
	case 3:
		depthTile3AVX512(p)
	default:
		depthTile4AVX512(p)
	}
}
