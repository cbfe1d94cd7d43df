//go:build linux

package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"
)

// acceptance has the times to send an upload and to get the response after its
// last byte, one of each per round.
type acceptance struct {
	engine string
	sending,
	answer []time.Duration
	bytes int64
}

// accepts uploads a large file to a server on each engine, without waiting for the
// import.
func (b *bench) accepts(ctx context.Context, size int64) ([]*acceptance, error) {
	path := filepath.Join(b.folder, "accept.csv")
	if err := writeFile(path, math.MaxInt, size, newGenerator(false), math.MaxInt); err != nil {
		return nil, err
	}
	var list []*acceptance
	for _, engine := range b.engines {
		list = append(list, &acceptance{engine: engine, bytes: size})
	}
	for range b.rounds {
		for _, a := range list {
			if err := b.settle(ctx, a.engine); err != nil {
				return nil, err
			}
			err := b.serve(ctx, a.engine, func(v *server) error {
				u, err := b.post(ctx, v, path)
				a.sending, a.answer = append(a.sending, u.sent.Sub(u.began)), append(a.answer, u.answered.Sub(u.sent))
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("upload on %s: %w", a.engine, err)
			}
			last := len(a.answer) - 1
			b.logf("%s: %d MB sent in %s, answered %s after the last byte", a.engine, size/1e6, seconds(a.sending[last]), a.answer[last])
		}
	}
	return list, nil
}
