#!/bin/sh
# Ends when everything is ready, and leaves a note of it in the cluster.
set -e
for name in $(kubectl -n metallb-system get deployment,daemonset -o name); do
    kubectl -n metallb-system rollout status "$name" --timeout 5m
done
for name in $(kubectl -n skyline get deployment,statefulset -o name); do
    kubectl -n skyline rollout status "$name" --timeout 5m
done
kubectl -n skyline create configmap handover --from-literal ready=true --dry-run=client -o yaml | kubectl apply -f -
