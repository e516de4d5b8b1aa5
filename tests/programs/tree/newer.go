//go:build go1.21

package main

import "context"

func newerKind(parent context.Context) node { return node{ctx: context.WithoutCancel(parent)} }
