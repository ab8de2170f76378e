using System.Net;

namespace Sealer.Kubernetes.LoadBalancing;

/// <summary>What a balancer on a worker serves.</summary>
public sealed record BalancedService
{
    /// <summary>As it is called in pods and files: <c>kube</c>, <c>reg</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Where clients on the worker go to.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>Its port, the same on the servers.</summary>
    public required int Port { get; init; }

    /// <summary>The hosts that serve it.</summary>
    public required IReadOnlyList<IPAddress> Servers { get; init => field = Listed.Of(value); }

    /// <summary>What is asked to know that a server lives.</summary>
    public string HealthPath { get; init; } = "/healthz";

    /// <summary>It speaks TLS.</summary>
    public bool IsTls { get; init; } = true;

    /// <summary>The API.</summary>
    public static BalancedService Api(IPAddress address, IReadOnlyList<IPAddress> servers) => new()
    {
        Name = "kube",
        Address = address,
        Port = ApiBalancing.DefaultPort,
        Servers = servers,
    };

    /// <summary>The registry of the cluster.</summary>
    public static BalancedService Registry(IPAddress address, int port, IReadOnlyList<IPAddress> servers, bool isTls) => new()
    {
        Name = "reg",
        Address = address,
        Port = port,
        Servers = servers,
        HealthPath = "/",
        IsTls = isTls,
    };

    internal string At(IPAddress address) => new IPEndPoint(address, Port).ToString();
}
