package jobs_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
)

// welcome is the arguments of the worker.
type welcome struct {
	Name string `json:"name"`
}

// Kind implements jobs.Args.
func (welcome) Kind() string { return "example.welcome" }

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := sqldb.Open(ctx, "sqlite:"+filepath.Join(dir, "example.db"), sqldb.Options{Synchronous: "OFF"})
	if err != nil {
		panic(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(ctx); err != nil {
		panic(err)
	}

	engine := jobs.New(db, clock.Clock{}, slog.New(slog.DiscardHandler), jobs.EngineOptions{})
	done := make(chan bool)
	jobs.Register(engine, func(ctx context.Context, j *jobs.Job, a welcome) error {
		// Write through the job: another worker may have reclaimed it.
		err := j.Tx(ctx, func(*sqldb.Tx) error {
			fmt.Println("welcome,", a.Name)
			return nil
		})
		close(done)
		return err
	})
	if err := engine.Start(ctx); err != nil {
		panic(err)
	}

	// The job exists if and only if the transaction commits.
	err = db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := jobs.Insert(ctx, tx, welcome{"Ann"}, jobs.Options{})
		return err
	})
	if err != nil {
		panic(err)
	}
	<-done
	if err := engine.Stop(ctx); err != nil {
		panic(err)
	}
	// Output: welcome, Ann
}
