using Renci.SshNet;
using Renci.SshNet.Security;
using Sealer.Hosts.Keys;

namespace Sealer.Hosts.Ssh;

/// <summary>A key of an agent, as SSH.NET takes keys.</summary>
internal sealed class AgentIdentity : IPrivateKeySource
{
    public AgentIdentity(SshAgent agent, HostKey key) => HostKeyAlgorithms = key.Type == "ssh-rsa"
        ? [new Algorithm("rsa-sha2-512", 4, agent, key), new Algorithm("rsa-sha2-256", 2, agent, key)]
        : [new Algorithm(key.Type, 0, agent, key)];

    public IReadOnlyCollection<HostAlgorithm> HostKeyAlgorithms { get; }

    private sealed class Algorithm(string name, uint flags, SshAgent agent, HostKey key) : HostAlgorithm(name)
    {
        public override byte[] Data => key.Blob.ToArray();

        public override byte[] Sign(byte[] data) => agent.Sign(key, data, flags);

        public override bool VerifySignature(byte[] data, byte[] signature) => throw new NotSupportedException();
    }
}
