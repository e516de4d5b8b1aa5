//go:build !goctx_load

package main

func (p *place) load(path string) { panic("built without -tags=goctx_load") }
