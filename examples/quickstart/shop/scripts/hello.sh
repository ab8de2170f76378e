#!/bin/sh
echo "Hello from the rootfs of the cluster image."
