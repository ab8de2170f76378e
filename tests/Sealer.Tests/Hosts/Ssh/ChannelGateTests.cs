using Sealer.Hosts.Ssh;

namespace Sealer.Tests.Hosts.Ssh;

public sealed class ChannelGateTests
{
    [Fact]
    public async Task A_refusal_teaches_how_many_there_may_be()
    {
        var gate = new ChannelGate(10);
        for (var i = 0; i < 3; i++)
            await gate.EnterAsync(default);
        Assert.True(gate.Refused());
        gate.Exit();
        var third = gate.EnterAsync(default);
        Assert.False(third.IsCompleted);
        gate.Exit();
        await third;
    }

    [Fact]
    public async Task Who_stops_waiting_takes_no_place()
    {
        var gate = new ChannelGate(1);
        await gate.EnterAsync(default);
        using var cancel = new CancellationTokenSource();
        var impatient = gate.EnterAsync(cancel.Token);
        var patient = gate.EnterAsync(default);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        gate.Exit();
        await patient;
    }

    [Fact]
    public async Task A_lease_is_given_back_once()
    {
        var gate = new ChannelGate(1);
        var lease = new ChannelLease(gate);
        await lease.EnterAsync(default);
        lease.Dispose();
        lease.Dispose();
        await gate.EnterAsync(default);
        Assert.False(gate.EnterAsync(default).IsCompleted);
    }
}
