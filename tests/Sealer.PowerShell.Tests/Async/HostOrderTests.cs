namespace Sealer.PowerShell.Tests.Async;

public sealed class HostOrderTests
{
    [Fact]
    public async Task What_a_host_has_answered_comes_out_once_all_before_it_have_answered()
    {
        using var order = new HostOrder(4);
        var said = new List<int>();
        Task Answered(int place) => order.AnsweredAsync(
            place,
            () =>
            {
                said.Add(place);
                return Task.CompletedTask;
            },
            default);
        await Answered(2);
        await Answered(1);
        Assert.Empty(said);
        await Answered(0);
        Assert.Equal([0, 1, 2], said);
        await Answered(3);
        Assert.Equal([0, 1, 2, 3], said);
    }
}
