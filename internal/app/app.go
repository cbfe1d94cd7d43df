package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/httpx"
)

// App is one server: New opens everything, Run serves until its context ends,
// Close lets go.
type App struct {
	*Parts
	config   Config
	lock     *folderLock
	listener net.Listener
	server   *http.Server
	metrics  *metrics
	stopping chan struct{} // closed when the server goes down: long answers end
	working  atomic.Bool   // the worker engine runs
	close    func() error
}

// New opens the data folder and the database, migrates it, and starts to
// listen; requests wait until Run. It fails when another server runs on the
// data folder.
func New(ctx context.Context, c Config, now clock.Clock, log *slog.Logger) (*App, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	lock, err := claimFolder(c.Data)
	if err != nil {
		return nil, err
	}
	node, err := nodeID(c.Data, now.Now())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("name this node: %w", err), lock.release())
	}
	parts, err := openParts(ctx, c, now, log, node)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	if err := parts.Files.ClearScratch(); err != nil {
		return nil, errors.Join(err, parts.Close(), lock.release())
	}
	if parts.keyProblem != nil {
		return nil, errors.Join(parts.keyProblem, parts.Close(), lock.release())
	}
	a := &App{Parts: parts, config: c, lock: lock, stopping: make(chan struct{})}
	a.close = sync.OnceValue(a.closeOnce)
	var listen net.ListenConfig
	if a.listener, err = listen.Listen(ctx, "tcp", c.Addr); err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w", err), a.Close())
	}
	a.baseURL = a.URL()
	a.Bulk.SetBaseURL(a.URL())
	a.Members.SetBaseURL(a.URL())
	a.metrics = newMetrics(parts)
	handler, err := a.handler()
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	// An upload or a stream may take hours, so the time that a whole request
	// or answer may take is not bounded here but where it is read and written.
	a.server = &http.Server{
		Handler: handler, ReadHeaderTimeout: c.HeaderTimeout, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	proxies, err := c.proxies()
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.server.ConnState = httpx.NewConnectionLimit(c.ConnectionsPerNet, proxies).ConnState
	return a, nil
}

// URL is where people reach the server, without a slash at its end.
func (a *App) URL() string { return a.config.publicURL(a.listener.Addr()) }

// Config is what the server was started with.
func (a *App) Config() Config { return a.config }

// Run serves until ctx is done. Then it stops to accept, lets running
// requests finish for as long as the settings allow, gives running jobs back
// to the queue, and returns.
func (a *App) Run(ctx context.Context) error {
	a.Jobs.Schedule("sweep", "17 * * * *", sweepArgs{})
	// The engine outlives ctx: requests that finish may still wait for it.
	if err := a.Jobs.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start workers: %w", err)
	}
	a.working.Store(true)
	served := make(chan error, 1)
	go func() { served <- a.server.Serve(a.listener) }()
	a.log.InfoContext(ctx, "serving", "address", a.listener.Addr().String(), "database", string(a.DB.Dialect()), "version", version)
	var err error
	select {
	case <-ctx.Done():
		a.log.InfoContext(ctx, "stopping")
	case err = <-served:
	}
	return errors.Join(err, a.shutDown(context.WithoutCancel(ctx)))
}

func (a *App) shutDown(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, a.config.DrainAfter)
	defer cancel()
	close(a.stopping)
	err := a.server.Shutdown(limited)
	if errors.Is(err, context.DeadlineExceeded) {
		a.log.WarnContext(ctx, "requests were cut off at shutdown")
		err = a.server.Close()
	}
	a.working.Store(false)
	patience, cancelPatience := context.WithTimeout(ctx, a.config.DrainAfter)
	defer cancelPatience()
	return errors.Join(err, a.Jobs.Stop(patience))
}

// Close lets go of everything. Call it after Run, or instead of it.
func (a *App) Close() error { return a.close() }

func (a *App) closeOnce() error {
	var err error
	if a.listener != nil {
		err = a.listener.Close()
		if errors.Is(err, net.ErrClosed) {
			err = nil // Run has closed it
		}
	}
	return errors.Join(err, a.Parts.Close(), a.lock.release())
}
