using Sealer.Certificates;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>How plans are made and carried out.</summary>
public sealed record DeliveryOptions
{
    /// <summary>How many hosts are worked on at once.</summary>
    public int ThrottleLimit { get; init; } = HostAccess.DefaultThrottleLimit;

    /// <summary>How long a plugin may run.</summary>
    public TimeSpan PluginTimeout { get; init; } = PlanRequest.DefaultPluginTimeout;

    /// <summary>How long what an application starts may take until it is ready; null: nobody waits for it.</summary>
    public TimeSpan? AppTimeout { get; init; } = PlanRequest.DefaultAppTimeout;

    /// <summary>What was given over the ways that the Clusterfile says, to be kept where the cluster is found again; null: nothing.</summary>
    public HostAccess? Access { get; init; }

    /// <summary>Only certificates are meant, and this of them; null where all that differs is.</summary>
    public CertificateRenewal? Renewal { get; init; }

    /// <summary>How the lock is taken.</summary>
    public ClusterLockOptions Lock { get; init; } = new();

    /// <summary>
    /// The cluster is taken away from all its hosts: that is what plans are made for, and no others are carried out. Its image is not
    /// needed.
    /// </summary>
    public bool Removes { get; init; }

    /// <summary>Tells the time of plans and of journals.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
