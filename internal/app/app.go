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

	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/app/datadir"
	"github.com/regulars/regulars/internal/app/metrics"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/sqldb"
)

// version is set by the release build.
var version = "dev"

// App is one server. Call New, Run and Close, in this order.
type App struct {
	*Services
	config        config.Config
	lock          *datadir.Lock
	listener      net.Listener
	server        *http.Server
	metrics       *metrics.Metrics
	stopping      chan struct{} // closed at shutdown, to end long responses
	engineRunning atomic.Bool   // the worker engine is running
	close         func() error
}

// New opens the data folder, opens and migrates the database, and listens;
// connections are accepted by Run. It fails if another server uses the data
// folder.
func New(ctx context.Context, c config.Config, now clock.Clock, log *slog.Logger) (*App, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	lock, err := datadir.Acquire(c.Data)
	if err != nil {
		return nil, err
	}
	node, err := datadir.NodeID(c.Data, now.Now())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("node id: %w", err), lock.Release())
	}
	services, err := openServices(ctx, c, now, log, node)
	if err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	if err := services.Folder.ClearScratch(); err != nil {
		return nil, errors.Join(err, services.Close(), lock.Release())
	}
	if services.keyErr != nil {
		return nil, errors.Join(services.keyErr, services.Close(), lock.Release())
	}
	a := &App{Services: services, config: c, lock: lock, stopping: make(chan struct{})}
	a.close = sync.OnceValue(a.closeOnce)
	var listen net.ListenConfig
	if a.listener, err = listen.Listen(ctx, "tcp", c.Addr); err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w", err), a.Close())
	}
	a.baseURL = a.URL()
	a.metrics = metrics.New(services.DB, services.Jobs, now, services.features)
	handler, err := a.handler()
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	// No ReadTimeout or WriteTimeout: an upload or a stream may take hours. The
	// code that reads and writes bodies sets deadlines.
	a.server = &http.Server{
		Handler: handler, BaseContext: func(net.Listener) context.Context { return sqldb.Interactive(context.Background()) }, ReadHeaderTimeout: c.HeaderTimeout, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	proxies, err := c.ProxyNetworks()
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.server.ConnState = httpx.NewConnectionLimit(c.ConnectionsPerNet, proxies).ConnState
	return a, nil
}

// URL is the public address of the server, without a trailing slash.
func (a *App) URL() string { return a.config.BaseURL(a.listener.Addr()) }

// Config returns the settings of the server.
func (a *App) Config() config.Config { return a.config }

// Run serves until ctx is done. Then it stops accepting connections, waits for
// running requests up to the shutdown timeout, returns running jobs to the
// queue, and returns.
func (a *App) Run(ctx context.Context) error {
	a.scheduleSweep()
	// The engine outlives ctx: running requests may wait for jobs.
	if err := a.Jobs.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start workers: %w", err)
	}
	a.Events.Start(ctx)
	a.Chain.Start(ctx)
	a.engineRunning.Store(true)
	served := make(chan error, 1)
	go func() { served <- a.server.Serve(a.listener) }()
	a.log.InfoContext(ctx, "serving", "address", a.listener.Addr().String(), "database", string(a.DB.Dialect()), "version", version)
	var err error
	select {
	case <-ctx.Done():
		a.log.InfoContext(ctx, "stopping")
	case err = <-served:
	}
	return errors.Join(err, a.shutdown(context.WithoutCancel(ctx)))
}

func (a *App) shutdown(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, a.config.ShutdownTimeout)
	defer cancel()
	close(a.stopping)
	a.Live.Stop(limited)
	err := a.server.Shutdown(limited)
	if errors.Is(err, context.DeadlineExceeded) {
		a.log.WarnContext(ctx, "requests aborted at shutdown")
		err = a.server.Close()
	}
	a.engineRunning.Store(false)
	a.Chain.Stop()
	a.Events.Stop()
	jobsCtx, cancelJobs := context.WithTimeout(ctx, a.config.ShutdownTimeout)
	defer cancelJobs()
	return errors.Join(err, a.Jobs.Stop(jobsCtx))
}

// Close releases all resources. Call it after Run, or instead of it.
func (a *App) Close() error { return a.close() }

func (a *App) closeOnce() error {
	var err error
	if a.listener != nil {
		err = a.listener.Close()
		if errors.Is(err, net.ErrClosed) {
			err = nil // closed by Run
		}
	}
	return errors.Join(err, a.Services.Close(), a.lock.Release())
}
