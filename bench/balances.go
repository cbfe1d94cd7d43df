//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// balanceResult has the times of updates of the same members, in turns: one overwrites a
// custom field, one adds coins. One element per round.
type balanceResult struct {
	engine       string
	rows         int
	field, coins []timing
}

// balances compares an update of coins with one of a custom field, on each engine.
func (b *bench) balances(ctx context.Context) (list []*balanceResult, err error) {
	for _, rows := range b.rows {
		for _, engine := range b.engines {
			r := &balanceResult{engine: engine, rows: rows}
			if err := b.serve(ctx, engine, func(v *server) error { return b.updateBalances(ctx, v, r) }); err != nil {
				return nil, fmt.Errorf("balances of %d members on %s: %w", rows, engine, err)
			}
			list = append(list, r)
		}
	}
	return list, nil
}

func (b *bench) updateBalances(ctx context.Context, v *server, r *balanceResult) error {
	if _, err := b.updateOnce(ctx, v, r, importEndpoint, "First Name,Last Name,Username,Email", func(out io.Writer, i int) {
		fmt.Fprintf(out, "First,Last,payee%d,payee%d@example.com\n", i, i)
	}); err != nil {
		return err
	}
	for round := range b.rounds {
		took, err := b.updateOnce(ctx, v, r, updateEndpoint, "Email,Lifetime Deposits", func(out io.Writer, i int) {
			fmt.Fprintf(out, "payee%d@example.com,%d\n", i, 10*round+i%10)
		})
		if err != nil {
			return err
		}
		r.field = append(r.field, took)
		took, err = b.updateOnce(ctx, v, r, updateEndpoint, "Email,Coins_op,Coins", func(out io.Writer, i int) {
			fmt.Fprintf(out, "payee%d@example.com,add,%d\n", i, 1+i%10)
		})
		if err != nil {
			return err
		}
		r.coins = append(r.coins, took)
		b.logf("%s, %d rows: field %s, coins %s", r.engine, r.rows, seconds(r.field[round].wall), seconds(took.wall))
	}
	return nil
}

// updateOnce uploads a file with a row for each member, and waits until its job has ended.
func (b *bench) updateOnce(ctx context.Context, v *server, r *balanceResult, endpoint, header string, row func(io.Writer, int)) (t timing, err error) {
	path := filepath.Join(b.folder, "balances.csv")
	if err := writeRows(path, header, r.rows, row); err != nil {
		return t, err
	}
	if err := b.settle(ctx, r.engine); err != nil {
		return t, err
	}
	before, err := b.cpuTime(r.engine, v)
	if err != nil {
		return t, err
	}
	v.endpoint = endpoint
	u, err := b.post(ctx, v, path)
	if err != nil {
		return t, err
	}
	ended, p, err := b.finish(ctx, v, u.job, nil)
	if err != nil {
		return t, err
	}
	if p.Counts.Created+p.Counts.Updated != r.rows {
		return t, fmt.Errorf("unexpected counts: %+v", p.Counts)
	}
	after, err := b.cpuTime(r.engine, v)
	return timing{ended.Sub(u.began), after - before}, err
}

// writeRows writes a file with a header and n rows.
func writeRows(path, header string, n int, row func(io.Writer, int)) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	fmt.Fprintln(out, header)
	for i := range n {
		row(out, i)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Close()
}

func (b *bench) reportBalances(list []*balanceResult) error {
	var rows []string
	for _, r := range list {
		field, coins := median(walls(r.field)), median(walls(r.coins))
		rows = append(rows, fmt.Sprintf("%s|%d|%s|%s|%s|%s", r.engine, r.rows, field, coins, median(cpus(r.field)), median(cpus(r.coins))))
	}
	return printTable(b.out, "engine|rows|a field is overwritten|coins are added|CPU of the field|CPU of the coins", rows)
}
