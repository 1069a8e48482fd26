package main

import (
	"fmt"
	"io"
	"net"

	"github.com/spf13/cobra"
)

// silentCommand accepts connections and never says a word: what a client sees behind a firewall that drops
// packets after the handshake. The kubeconfig's context `silent` points here.
func silentCommand() *cobra.Command {
	var port int
	c := &cobra.Command{
		Use:          "silent",
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				return err
			}
			for {
				conn, err := listener.Accept()
				if err != nil {
					return err
				}
				go func() {
					_, _ = io.Copy(io.Discard, conn) // until the client gives up
					_ = conn.Close()
				}()
			}
		},
	}
	c.Flags().IntVar(&port, "port", 0, "port on 127.0.0.1")
	return c
}
