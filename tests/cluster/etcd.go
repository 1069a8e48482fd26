package main

import (
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
)

// etcdCommand runs etcd inside this process. It is a test store: it does not sync to disk (UnsafeNoFsync),
// so a crash of the machine may lose it, and `cluster up` then starts from nothing.
//
// It listens on sockets in a folder, not on ports: who can write to etcd owns the node, and a port on loopback
// is open to every user of the machine.
func etcdCommand() *cobra.Command {
	var data, sockets string
	c := &cobra.Command{
		Use:          "etcd",
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			socket := func(name string) []url.URL {
				return []url.URL{{Scheme: "unix", Path: filepath.Join(sockets, name)}}
			}
			// A member must advertise host and port; a cluster of one never calls them.
			advertised := func(port string) []url.URL {
				return []url.URL{{Scheme: "http", Host: "127.0.0.1:" + port}}
			}
			cfg := embed.NewConfig()
			cfg.Dir = data
			cfg.LogLevel = "error"
			cfg.UnsafeNoFsync = true
			cfg.QuotaBackendBytes = 8 << 30
			cfg.EnableGRPCGateway = false
			cfg.ListenClientUrls, cfg.AdvertiseClientUrls = socket("etcd.sock"), advertised("2379")
			cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = socket("etcd-peer.sock"), advertised("2380")
			cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
			server, err := embed.StartEtcd(cfg)
			if err != nil {
				return err
			}
			defer server.Close()
			stop := make(chan os.Signal, 1)
			signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
			select {
			case <-stop:
				return nil
			case err := <-server.Err():
				return err
			}
		},
	}
	c.Flags().StringVar(&data, "data-dir", "", "folder of the data")
	c.Flags().StringVar(&sockets, "socket-dir", "", "folder of the sockets etcd.sock and etcd-peer.sock")
	return c
}
